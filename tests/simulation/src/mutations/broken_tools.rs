//! Tools, and the door before them, that keep all of their promises but one.

use std::{sync::Arc, time::Duration};

use aftercall_core::{
    ports::{RecordsError, Tools, WriteRecord},
    time::Timestamp,
    tool::{AttemptEnd, Failure, Finding, Invocation, WriteAnswer},
};
use async_trait::async_trait;

use super::Mutation;

/// How long a write is on its way before its record is, in milliseconds.
const LATE_MS: u64 = 300;

/// Tools with a promise that they don't keep.
pub(crate) struct BrokenTools {
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) mutation: Mutation,
}

#[async_trait]
impl Tools for BrokenTools {
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd {
        let mut invocation = invocation.clone();
        let mut door = door;
        match self.mutation {
            Mutation::DeadlineIgnored => invocation.context.deadline = Timestamp::from_millis(u64::MAX),
            Mutation::WriteNotRecorded | Mutation::WriteRecordedLate | Mutation::RefusalIgnored => {
                door = Arc::new(BrokenDoor { door, mutation: self.mutation });
            }
            _ => {}
        }
        let mut end = self.tools.call(&invocation, door).await;
        if self.mutation == Mutation::SilenceIsRefusal {
            let refused = |answer: &mut WriteAnswer| {
                if *answer == WriteAnswer::Silent {
                    *answer = WriteAnswer::Refused;
                }
            };
            end.writes.iter_mut().for_each(refused);
        }
        end
    }

    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        match self.mutation {
            Mutation::SettledUnasked => Ok(Finding::DidNotHappen),
            _ => self.tools.reconcile(invocation).await,
        }
    }
}

struct BrokenDoor {
    door: Arc<dyn WriteRecord>,
    mutation: Mutation,
}

#[async_trait]
impl WriteRecord for BrokenDoor {
    async fn write_leaves(&self) -> Result<(), RecordsError> {
        match self.mutation {
            Mutation::WriteRecordedLate => {
                let door = Arc::clone(&self.door);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(LATE_MS)).await;
                    door.write_leaves().await
                });
            }
            Mutation::RefusalIgnored => drop(self.door.write_leaves().await),
            _ => {}
        }
        Ok(())
    }
}

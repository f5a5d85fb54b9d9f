//! The laws, and the list of them.

mod approval;
mod attention;
mod budgets;
mod cancel;
mod crash;
mod duplicate;
mod fairness;
mod lives;
mod revision;
mod timer;
mod zombie;

use std::{future::Future, pin::Pin};

use approval::*;
use attention::*;
use budgets::*;
use cancel::*;
use crash::*;
use duplicate::*;
use fairness::*;
use revision::*;
use timer::*;
use zombie::*;

use crate::{Broken, Engines};

/// A law that holds for any engine.
pub struct Law {
    /// Its name.
    pub name: &'static str,
    hold: for<'a> fn(&'a dyn Engines) -> Holding<'a>,
}

type Holding<'a> = Pin<Box<dyn Future<Output = Result<(), Broken>> + 'a>>;

impl Law {
    /// The law of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LAWS.iter().find(|law| law.name == name)
    }

    /// Holds it against engines.
    ///
    /// # Errors
    /// It is broken.
    pub async fn hold(&self, engines: &dyn Engines) -> Result<(), Broken> {
        (self.hold)(engines).await
    }
}

/// Calls a macro with the names of all laws, so that it makes a test of each.
#[macro_export]
macro_rules! each_law {
    ($make:ident) => {
        $make! {
            a_call_submitted_twice_is_one_run
            a_crash_at_any_point_changes_nothing
            crashes_one_after_another_change_nothing
            a_doubt_is_settled_and_never_repeated_blindly
            a_zombie_writes_nothing
            a_timed_attempt_keeps_its_instant
            a_pause_keeps_its_instant
            a_cancel_at_any_point_ends_the_run
            a_cancel_survives_a_crash_at_any_point
            nothing_acts_without_its_approval
            an_approval_holds_for_what_was_asked_alone
            an_approval_expires_at_its_instant
            an_approval_survives_a_crash_at_any_point
            what_no_program_can_tell_waits_for_a_person
            a_persons_word_survives_a_crash_at_any_point
            a_revision_shares_the_ledger
            revisions_side_by_side_do_one_effect_once
            a_rush_of_one_tenant_holds_back_no_other
            tenants_have_turns_by_their_weights
            no_more_runs_at_once_than_may
            a_budget_that_runs_out_is_no_success
            a_runs_time_is_over_at_its_instant
        }
    };
}

macro_rules! table {
    ($($law:ident)*) => {
        /// All laws.
        pub const LAWS: &[Law] = &[$(Law { name: stringify!($law), hold: |engines| Box::pin($law(engines)) }),*];
    };
}
each_law!(table);

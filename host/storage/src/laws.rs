//! What every storage must do, whatever is beneath. A storage shows that it does by implementing
//! [`Storage`] for its tests and naming itself in [`obey`].

mod caps;
mod consents;
mod forgetting;
mod inbox;
mod journal;
mod ledger;
mod refresh_tokens;
mod samples;
mod spent;
mod state;
mod waiting;

use std::sync::Arc;

use aftercall_core::{
    ledger::Fence,
    ports::{Consents, Forgetting, Inbox, Interventions, Journal, Ledger, PluginState, RefreshTokens, Spending},
};
use async_trait::async_trait;

pub(crate) use caps::*;
pub(crate) use consents::*;
pub(crate) use forgetting::*;
pub(crate) use inbox::*;
pub(crate) use journal::*;
pub(crate) use ledger::*;
pub(crate) use refresh_tokens::*;
pub(crate) use samples::{accept, event, identity};
pub(crate) use spent::*;
pub(crate) use state::*;
pub(crate) use waiting::*;

/// A storage under test: records that start empty, and that engines take over one after another.
#[async_trait]
pub(crate) trait Storage: Sync {
    /// A new engine's records. Engines from before may live on, as zombies.
    async fn engine(&self) -> Engine;
}

/// What one engine has of a storage.
pub(crate) struct Engine {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) consents: Arc<dyn Consents>,
    pub(crate) state: Arc<dyn PluginState>,
    pub(crate) refresh_tokens: Arc<dyn RefreshTokens>,
    pub(crate) interventions: Arc<dyn Interventions>,
    pub(crate) forgetting: Arc<dyn Forgetting>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) spending: Arc<dyn Spending>,
    pub(crate) fence: Fence,
}

/// Makes a test of each law for the storage that an expression gives.
macro_rules! obey {
    ($storage:expr) => {
        $crate::laws::obey!($storage,
            a_conversation_is_accepted_once
            concurrent_deliveries_make_one_run
            what_is_stored_comes_back
            a_journal_takes_its_next_place_alone
            an_ended_run_is_closed
            of_concurrent_appends_one_wins
            runs_are_listed
            records_outlive_their_engine
            an_older_engine_is_fenced
            the_ledger_decides_as_its_table_says
            changes_that_cannot_follow_are_refused
            of_concurrent_begins_one_is_fresh
            different_effects_do_not_meet
            effects_are_counted_where_their_cap_says
            an_effect_counts_until_it_failed_for_certain
            a_day_is_any_24_hours
            of_concurrent_begins_no_more_than_the_cap_are_fresh
            consents_are_kept_in_their_order
            consents_are_recorded_all_or_none
            plugins_keep_what_they_write
            a_stale_write_changes_nothing
            of_concurrent_stale_writes_one_is_done
            a_full_space_takes_no_more
            keys_are_listed_in_order
            an_older_engine_keeps_nothing
            the_newest_refresh_token_is_kept
            a_refresh_token_is_used_by_one_at_a_time
            runs_are_due_when_their_instant_comes
            what_people_ask_for_is_kept_until_it_is_done
            what_the_live_call_did_is_known
            a_deleted_conversation_is_gone
            a_deleted_conversation_begins_nothing
            what_has_not_ended_is_not_deleted
            what_ended_before_is_deleted
            a_deleted_tenant_is_gone
            deletion_and_delivery_do_not_mix
            a_call_waits_until_it_is_ready
            events_find_their_call_by_either_name
            what_comes_meanwhile_is_not_lost
            an_analysis_is_added_once
            what_is_of_no_call_is_kept_for_a_while
            what_waits_is_deleted_with_its_conversation
            what_is_used_is_counted_by_tenant_and_day
            what_is_not_appended_is_not_counted
            a_sum_that_is_too_large_is_counted_as_far_as_it_goes
        );
    };
    ($storage:expr, $($law:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                $crate::laws::$law(&$storage).await;
            }
        )*
    };
}
pub(crate) use obey;

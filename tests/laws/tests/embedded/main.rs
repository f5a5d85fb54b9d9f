//! The embedded engine over the records in SQLite obeys every law; and each of many engines with one deliberate fault breaks
//! the law that is there to catch it.

mod engine;
mod flaws;
mod records;

use std::{collections::BTreeSet, future::Future};

use aftercall_laws::{Broken, LAWS, Law};
use engine::Embedded;
use flaws::Flaw;

/// Holds a law, in a time of its own that passes at once where all wait for it.
fn hold(law: &str, flaw: Option<Flaw>) -> Result<(), Broken> {
    let law = Law::named(law).unwrap_or_else(|| panic!("there is no law {law}"));
    in_its_own_time(async { law.hold(&Embedded::new(flaw)).await })
}

fn in_its_own_time<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

macro_rules! obey {
    ($($law:ident)*) => {
        $(
            #[test]
            fn $law() {
                if let Err(broken) = hold(stringify!($law), None) {
                    panic!("{broken}");
                }
            }
        )*
    };
}
aftercall_laws::each_law!(obey);

#[test]
fn laws_know_no_engine() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, rest) = manifest.split_once("[dependencies]").expect("there are some");
    let (dependencies, _) = rest.split_once("[dev-dependencies]").expect("there are some");
    let ours: Vec<&str> = dependencies.lines().filter(|line| line.starts_with("aftercall-")).collect();
    assert_eq!(ours, ["aftercall-core.workspace = true"]);
}

/// Makes a test of each flaw: the law that must catch it does.
macro_rules! catch {
    ($($test:ident: $flaw:ident breaks $law:ident, $words:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let broken = hold(stringify!($law), Some(Flaw::$flaw)).expect_err("the law must be broken");
                assert!(broken.to_string().contains($words), "{broken}");
            }
        )*

        #[test]
        fn each_law_can_be_broken() {
            let caught = BTreeSet::from([$(stringify!($law)),*]);
            let all: BTreeSet<&str> = LAWS.iter().map(|law| law.name).collect();
            assert_eq!(caught, all, "each law has a flaw that it catches");
        }
    };
}

mod caught {
    use super::*;

    catch! {
        calls_accepted_anew: AcceptsAnew breaks a_call_submitted_twice_is_one_run, "deliveries that began a run";
        runs_forgotten: UnfinishedForgotten breaks a_crash_at_any_point_changes_nothing, "it stays";
        a_ledger_that_says_yes: AlwaysFresh breaks a_crash_at_any_point_changes_nothing, "was";
        a_write_not_recorded: WriteNotRecorded breaks a_crash_at_any_point_changes_nothing, "was sent again";
        a_write_not_recorded_again: WriteNotRecorded breaks crashes_one_after_another_change_nothing, "was sent again";
        doubt_ignored: DoubtIgnored breaks a_doubt_is_settled_and_never_repeated_blindly, "was sent again";
        no_fence: FenceIgnored breaks a_zombie_writes_nothing, "which another had replaced";
        sleepers_forgotten: SleepersForgotten breaks a_timed_attempt_keeps_its_instant, "it stays `sleeping`";
        a_fast_clock: ClockRunsFast breaks a_timed_attempt_keeps_its_instant, "too early";
        timed_attempts_anew: TimersRestart breaks a_timed_attempt_keeps_its_instant, "too late";
        pauses_anew: TimersRestart breaks a_pause_keeps_its_instant, "too late";
        cancel_dropped: CancelDropped breaks a_cancel_at_any_point_ends_the_run, "it goes on after that";
        cancel_forgotten: CancelForgotten breaks a_cancel_survives_a_crash_at_any_point, "it goes on after that";
        approval_skipped: ApprovalSkipped breaks nothing_acts_without_its_approval, "no approval was awaited";
        approval_unbound: ApprovalUnbound breaks an_approval_holds_for_what_was_asked_alone, "was approved";
        approval_outlasts: ApprovalOutlasts breaks an_approval_expires_at_its_instant, "time to approve";
        approved_twice: DoubtIgnored breaks an_approval_survives_a_crash_at_any_point, "was sent again";
        resolution_dropped: ResolutionDropped breaks what_no_program_can_tell_waits_for_a_person, "it stays";
        tried_again_unasked: UnknowableTriedAgain breaks what_no_program_can_tell_waits_for_a_person, "the outcome";
        redone_twice: DoubtIgnored breaks a_persons_word_survives_a_crash_at_any_point, "was sent again";
        ledger_of_revision: LedgerOfRevision breaks a_revision_shares_the_ledger, "was sent again";
        conflict_hidden: ConflictHidden breaks a_revision_shares_the_ledger, "conflict";
        ledgers_side_by_side: LedgerOfRevision breaks revisions_side_by_side_do_one_effect_once, "was sent again";
        one_queue: OneQueueForAll breaks a_rush_of_one_tenant_holds_back_no_other, "began while it waited";
        no_weights: WeightsIgnored breaks tenants_have_turns_by_their_weights, "of weight 3 began";
        no_room: RoomIgnored breaks no_more_runs_at_once_than_may, "at once";
        no_budgets: BudgetsForgotten breaks a_budget_that_runs_out_is_no_success, "the outcome";
        time_anew: DeadlineRestarts breaks a_runs_time_is_over_at_its_instant, "too late";
    }
}

//! What every store does, and the same on each: every method, every refusal, and random histories side by side.

mod concurrency;
mod costs;
mod documents;
mod history;
mod lists;
mod names;
mod refusals;
mod retention;
mod rows;

use std::sync::Arc;

use caddis_engine::ports::{Change, Store};
use caddis_store::{MemStore, SqliteStore};

/// A store to try, with the folder it lives in.
pub(crate) struct Trial {
    pub(crate) store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

impl Trial {
    pub(crate) fn mem() -> Trial {
        Trial { store: Arc::new(MemStore::default()), _folder: None }
    }

    pub(crate) async fn sqlite() -> Trial {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("a new file can be opened");
        Trial { store: Arc::new(store), _folder: Some(folder) }
    }

    /// A change that must go in.
    pub(crate) async fn must(&self, change: Change) {
        self.store.commit(change).await.expect("the change is in order");
    }
}

/// Makes a test of each law for each store.
macro_rules! conformance {
    ($($room:ident: $($law:ident)+;)+) => {
        mod mem {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    super::$room::$law(super::Trial::mem()).await;
                }
            )+)+
        }

        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    super::$room::$law(super::Trial::sqlite().await).await;
                }
            )+)+
        }
    };
}

conformance! {
    rows:
        what_is_written_is_read_with_the_next_generation
        what_is_not_there_is_none
        variables_are_kept_by_subject_and_replaced
        settings_are_kept_and_replaced
        ledger_lines_are_written_once_and_kept_in_order
        events_are_numbered_without_gaps
        decisions_are_read_by_their_time
        many_decisions_are_read_in_pages
        what_was_learned_last_is_what_is_known
        texts_of_every_kind_survive;
    costs:
        a_part_of_the_ledger_adds_up_to_what_its_lines_say
        lines_across_the_ends_are_told_one_by_one
        living_clusters_are_told_with_the_sums;
    names:
        a_name_is_held_by_one_unfinished_job_of_an_owner
        a_name_is_held_by_one_living_cluster_of_an_owner
        one_change_may_pass_a_name_on_in_any_order
        two_records_of_one_change_cannot_hold_a_name;
    refusals:
        a_stale_generation_is_refused
        a_new_row_needs_a_new_id
        a_conflict_goes_before_a_taken_name
        a_repeated_request_answers_the_first_job
        a_request_needs_its_job
        a_refused_change_leaves_nothing;
    lists:
        jobs_are_found_by_every_filter_newest_first
        clusters_are_found_by_every_filter_newest_first
        a_job_is_listed_on_its_newest_attempts_cluster
        records_are_read_together_by_their_ids;
    documents:
        a_document_is_written_read_and_removed_under_its_generation
        documents_are_listed_by_the_beginning_of_their_keys
        documents_are_listed_by_their_age_and_keep_their_place
        documents_and_records_change_together_or_not_at_all;
    retention:
        what_ended_before_goes_with_all_that_belongs_to_it
        a_job_stays_while_its_cluster_lives_and_a_cluster_while_its_job_stays
        a_document_goes_with_what_it_is_about
        events_of_what_goes_on_go_by_their_own_age
        the_last_event_that_was_removed_is_known
        event_numbers_are_not_used_again
        decisions_go_with_their_cluster_and_by_their_age
        of_many_decisions_those_go_that_are_old_and_no_others;
    concurrency:
        exactly_one_of_many_changes_of_one_generation_wins
        a_request_made_many_times_at_once_makes_one_job
        a_refusal_among_many_takes_nothing_from_the_others;
}

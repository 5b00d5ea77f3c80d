//! The contract: what is kept of users' reports.

use std::collections::BTreeSet;

use serde_json::json;
use signalbox_domain::report::{Context, Desk, Document, Entry, Known, Received, Rules, Saved as Kept, Thread, decide};
use signalbox_reconciler::ports::{Clock, Reports, SaveReport, Saved};

use crate::Place;

/// What the first report of all leads to.
fn first(place: &impl Place, id: &str) -> (Entry, Thread, Desk) {
    let document = json!({"type": "bug", "email": "ada@example.com", "message": "Upload fails"});
    let report = Document::from_value(&document).and_then(|document| document.report()).unwrap();
    let received = Received { id: id.to_owned(), report };
    let decision = decide(&received, Known::default(), &Context::default(), &Rules::default(), place.ports().now());
    let Kept::All { entry, thread, desk } = decision.saved else { panic!("all of it is new") };
    (*entry, *thread, *desk)
}

pub(crate) async fn a_report_that_never_came_is_none_and_no_error<P: Place<Ports: Reports>>(place: &P) {
    let (_, thread, _) = first(place, "r-1");
    let kept = place.ports().load_report("r-1", &thread.fingerprint).await.unwrap();
    assert_eq!((kept.entry, kept.thread, kept.desk), (None, None, None));
    assert_eq!(place.ports().load_entry("r-1").await.unwrap(), None);
    assert_eq!(place.ports().load_desk().await.unwrap(), None);
}

pub(crate) async fn a_report_its_thread_and_the_desk_read_back_as_they_were_written<P: Place<Ports: Reports>>(
    place: &P,
) {
    let ports = place.ports();
    let (entry, thread, desk) = first(place, "r-1");
    let save = SaveReport {
        entry: Some((entry.clone(), None)),
        thread: Some((thread.clone(), None)),
        desk: Some((desk.clone(), None)),
        nonce: ports.nonce(),
    };
    for _ in 0..2 {
        assert_eq!(ports.save_report(&save).await.unwrap(), Saved::Done, "its writer knows it again");
    }
    let kept = ports.load_report("r-1", &thread.fingerprint).await.unwrap();
    assert_eq!((kept.entry, kept.thread), (Some((entry.clone(), 1)), Some((thread, 1))));
    assert_eq!(kept.desk, Some((desk.clone(), 1)));
    assert_eq!(ports.load_entry("r-1").await.unwrap(), Some((entry, 1)));
    assert_eq!(ports.load_desk().await.unwrap(), Some((desk, 1)));
}

pub(crate) async fn where_one_part_was_changed_meanwhile_nothing_is_written<P: Place<Ports: Reports>>(place: &P) {
    let ports = place.ports();
    let (entry, thread, desk) = first(place, "r-1");
    let of_another = SaveReport { desk: Some((desk.clone(), None)), nonce: ports.nonce(), ..SaveReport::default() };
    assert_eq!(ports.save_report(&of_another).await.unwrap(), Saved::Done);
    let save = async |desk_read_at: Option<u64>| {
        let save = SaveReport {
            entry: Some((entry.clone(), None)),
            thread: Some((thread.clone(), None)),
            desk: Some((desk.clone(), desk_read_at)),
            nonce: ports.nonce(),
        };
        ports.save_report(&save).await.unwrap()
    };
    assert_eq!(save(None).await, Saved::Lost, "there is a desk");
    let kept = ports.load_report("r-1", &thread.fingerprint).await.unwrap();
    assert_eq!((kept.entry, kept.thread, kept.desk), (None, None, Some((desk.clone(), 1))));
    assert_eq!(save(Some(1)).await, Saved::Done);
    assert_eq!(save(Some(2)).await, Saved::Lost, "the report is there");
}

pub(crate) async fn what_is_owed_is_claimed_by_one_alone<P: Place<Ports: Reports>>(place: &P) {
    let ports = place.ports();
    let (entry, ..) = first(place, "r-1");
    let write = async |entry: &Entry, read_at: Option<u64>| {
        let entry = Some((entry.clone(), read_at));
        ports.save_report(&SaveReport { entry, nonce: ports.nonce(), ..SaveReport::default() }).await.unwrap()
    };
    assert_eq!(write(&entry, None).await, Saved::Done);
    let later = entry.claimed_until;
    let claimed = entry.again(later).expect("nobody is sending it any more");
    assert_eq!(write(&claimed, Some(1)).await, Saved::Done);
    assert_eq!(write(&claimed, Some(1)).await, Saved::Lost, "another was first");
    let sent = claimed.after_sending(&claimed.owed, later);
    assert_eq!(write(&sent, Some(2)).await, Saved::Done);
    let (read, version) = ports.load_entry("r-1").await.unwrap().unwrap();
    assert_eq!((read.owed, version), (BTreeSet::new(), 3));
}

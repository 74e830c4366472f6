//! What differs between two rosters.

use annotd::roster::{RosterDiff, Setting};

use super::{SMALL, valid};

#[test]
fn two_rosters_that_say_the_same_are_equal() {
    let spaced = SMALL.replace('\n', "\n\n").replace(" = ", "=");
    assert_eq!(valid(SMALL), valid(&spaced));
    let (plain, spaced) = (valid(SMALL), valid(&spaced));
    assert_eq!(RosterDiff::between(&plain, &spaced), RosterDiff::default());
    assert_eq!(plain.annotators, spaced.annotators);
}

#[test]
fn what_changes_from_one_roster_to_the_next() {
    let old = valid(&format!("{SMALL}\n[[annotator]]\nname = \"li\"\nport = 9012\n"));
    let new = valid(
        r#"
        [project]
        name = "demo"
        interface = "classification"
        labels = ["A"]
        [allocation]
        lease = "1h"
        [lead]
        port = 9001
        [[annotator]]
        name = "mara"
        port = 9010
        [[annotator]]
        name = "zach"
        port = 9020
        display = "Zach"
        [[annotator]]
        name = "li"
        port = 9012
        active = false
        "#,
    );
    let diff = RosterDiff::between(&old, &new);
    assert_eq!(diff.removed, ["andy"]);
    assert_eq!(diff.paused, ["li"]);
    assert_eq!(diff.settings, [Setting::Labels, Setting::Allocation, Setting::LeadPort]);
    assert_eq!(RosterDiff::between(&new, &old).removed, ["mara"]);
    assert_eq!(RosterDiff::between(&old, &old), RosterDiff::default());
}

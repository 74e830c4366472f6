//! Tests the guide to the allocation.
//!
//! `docs/allocation.md` has an example for each rule, and a promise. Here each example is read as a
//! roster and run, with an embedded store, the real allocator and a clock that the test moves. All
//! annotators of the roster ask and answer until no one gets a task. Then the promise is checked
//! against the result.
//!
//! An example without a check, or a check without an example, fails.

mod checking;
mod counting;
mod guide;
mod people;
mod routing;
mod sequence;
mod settling;
mod team;

/// A test for each heading of the guide that has an example.
macro_rules! promises {
    ($($heading:literal => $room:ident :: $check:ident,)*) => {
        /// The headings that have a check.
        const CHECKED: &[&str] = &[$($heading),*];

        $(
            #[tokio::test]
            async fn $check() {
                $room::$check(&guide::example($heading)).await;
            }
        )*
    };
}

promises! {
    "A number of answers" => counting::a_number_of_answers,
    "An average" => counting::an_average,
    "A mixture" => counting::a_mixture,
    "Exact or by hash" => counting::exact_or_by_hash,
    "Seed" => counting::seed,
    "The first annotator who asks" => routing::the_first_who_asks,
    "Named evenly" => routing::named_evenly,
    "Named as Prodigy does" => routing::named_as_prodigy_does,
    "Everyone sees everything" => routing::everyone_sees_everything,
    "Tasks that name their annotators" => routing::tasks_that_name_their_annotators,
    "Tags" => routing::tags,
    "Quota" => routing::quota,
    "Weight" => routing::weight,
    "When answers disagree" => settling::when_answers_disagree,
    "When an ignore is no answer" => settling::when_an_ignore_is_no_answer,
    "Too few people: wait for them" => people::too_few_people_wait,
    "Too few people: make do" => people::too_few_people_make_do,
    "People come and go" => people::people_come_and_go,
    "When an annotator does not come" => people::when_an_annotator_does_not_come,
    "Taking back and moving" => people::taking_back_and_moving,
    "Almost finished tasks first" => sequence::almost_finished_tasks_first,
    "In random order" => sequence::in_random_order,
    "Priority" => sequence::priority,
    "Gold" => checking::gold,
    "Repeats" => checking::repeats,
}

#[test]
fn every_example_has_its_check_and_every_check_its_example() {
    let headings: Vec<String> = guide::examples().into_iter().map(|(heading, _)| heading).collect();
    for heading in &headings {
        assert!(CHECKED.contains(&heading.as_str()), "no check for {heading:?}");
        let times = headings.iter().filter(|other| *other == heading).count();
        assert_eq!(times, 1, "{heading:?} has {times} examples; its check runs one");
    }
    for heading in CHECKED {
        assert!(headings.iter().any(|h| h == heading), "{heading:?} has no example");
    }
}

#[test]
fn every_link_inside_the_guide_leads_somewhere() {
    let text = guide::text();
    let anchors: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-").replace([':', '?', ','], ""))
        .collect();
    for link in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(anchors.iter().any(|anchor| anchor == link), "nothing is called #{link}");
    }
}

#[tokio::test]
async fn the_overrides_of_a_load_go_before_the_roster() {
    routing::overrides(&guide::example("Tasks that name their annotators")).await;
}

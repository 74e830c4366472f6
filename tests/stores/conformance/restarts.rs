//! Runs the lives of a project that a property test makes up, each at a place of its own.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};

use super::store_under_test::{Engine, Faults, StoreUnderTest};

/// This many lives, or as many as `PROPTEST_CASES` says, and those that have failed before.
///
/// # Panics
/// If one fails: with the shortest like it.
pub fn all<L: Strategy<Value: Debug>>(
    engine: Engine,
    faults: Faults,
    cases: u32,
    regressions: &'static str,
    lives: L,
    live: &impl AsyncFn(&StoreUnderTest, &L::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let more = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: more.unwrap_or(cases),
        max_shrink_iters: 300,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&lives, |life| {
        runtime.block_on(async {
            let place = StoreUnderTest::fresh(engine, faults).await;
            let outcome = live(&place, &life).await;
            place.remove().await;
            outcome
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, life)) => panic!("{why}\nafter {life:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

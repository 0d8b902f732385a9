//! The port of Dask's `Adaptive` against what the real classes answered: `fixtures/adaptive.json`, which
//! `python/caddis/tests/test_adaptive.py` writes, and checks against the installed `distributed`.

use std::collections::BTreeSet;

use caddis_replay::generate::{Class, generate};
use caddis_replay::model::{self, Dask, Settings, Sight};
use caddis_replay::scalers::{Adaptive, Answer, Recommendation, Scaler, adaptive_target, workers_to_close};
use caddis_types::shape::WorkerRange;
use serde::Deserialize;

const FIXTURE: &str = include_str!("fixtures/adaptive.json");

#[derive(Deserialize)]
struct Fixture {
    distributed: String,
    sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Sequence {
    minimum: u64,
    maximum: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    state: Dask,
    target_duration: f64,
    target: u64,
    closable: Vec<u32>,
    recommendation: Said,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Said {
    Same,
    Up { n: u64 },
    Down { workers: BTreeSet<u32> },
}

impl Said {
    fn ours(self) -> Recommendation {
        match self {
            Said::Same => Recommendation::Same,
            Said::Up { n } => Recommendation::Up(n),
            Said::Down { workers } => Recommendation::Down(workers),
        }
    }
}

#[test]
fn the_port_answers_as_the_real_classes_did() {
    let fixture: Fixture = serde_json::from_str(FIXTURE).unwrap();
    assert!(fixture.distributed.starts_with("2026.8"), "{}", fixture.distributed);
    let (mut steps, mut downs) = (0, 0);
    for (number, sequence) in fixture.sequences.into_iter().enumerate() {
        let mut adaptive = Adaptive::default();
        for (index, step) in sequence.steps.into_iter().enumerate() {
            let place = format!("sequence {number}, step {index}");
            let target = adaptive_target(&step.state, step.target_duration);
            assert_eq!(target, step.target, "{place}");
            assert_eq!(workers_to_close(&step.state, None), step.closable, "{place}");
            let safe = target.min(sequence.maximum).max(sequence.minimum);
            let said = step.recommendation.ours();
            downs += u32::from(matches!(said, Recommendation::Down(_)));
            assert_eq!(adaptive.recommend(&step.state, safe), said, "{place}");
            steps += 1;
        }
    }
    assert!(steps >= 600 && downs >= 50, "{steps} steps, {downs} of them down");
}

/// What `Adaptive` sees in replays, for the fixture:
/// `cargo test -p caddis-replay --test adaptive -- --ignored --nocapture | python python/caddis/tests/test_adaptive.py`
#[test]
#[ignore = "prints the states that the fixture is made of"]
fn states_of_replays() {
    struct Recorder(Adaptive, Vec<Dask>);
    impl Scaler for Recorder {
        fn name(&self) -> String {
            "recorder".into()
        }
        fn look(&mut self, sight: &Sight<'_>) -> Answer {
            self.1.push(sight.dask());
            self.0.look(sight)
        }
    }
    for (class, seed) in [(Class::Bursty, 1), (Class::LongTailed, 2), (Class::Shuffle, 3), (Class::MemoryHeavy, 4)] {
        let settings = Settings::cloud(WorkerRange { min: 1, max: 6 });
        let mut recorder = Recorder(Adaptive::default(), Vec::new());
        model::run(&generate(class, seed, 6, 3), &settings, &mut recorder);
        // What is alike tells nothing new, but three looks in a row do.
        for states in recorder.1.chunks(4).step_by(recorder.1.len() / 60 + 1) {
            println!("state {}", serde_json::to_string(states).unwrap());
        }
    }
}

//! The rule of production.

use caddis_core::autoscale::{Memory, Policy, decide};

use super::{Answer, Order, Scaler};
use crate::model::Sight;

/// `caddis_core::autoscale::decide`, with what it carries from look to look.
#[derive(Clone, Debug)]
pub struct Caddis {
    name: String,
    policy: Policy,
    remembers: bool,
    memory: Memory,
}

impl Caddis {
    /// The rule with these figures; `remembers` when the work ran before.
    pub fn new(name: &str, policy: Policy, remembers: bool) -> Caddis {
        Caddis { name: name.to_owned(), policy, remembers, memory: Memory::default() }
    }
}

impl Scaler for Caddis {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn remembers(&self) -> bool {
        self.remembers
    }

    fn look(&mut self, sight: &Sight<'_>) -> Answer {
        let settings = sight.settings;
        // Whoever could not go, since it held something, counts as asked for again.
        let current = sight.current();
        let signals = sight.signals();
        let decision =
            decide(&self.policy, settings.range, current, &signals, &settings.economy, &self.memory, sight.now());
        self.memory = decision.memory;
        let order = if decision.target == current { Order::Keep } else { Order::To(decision.target) };
        Answer { order, due: decision.due }
    }
}

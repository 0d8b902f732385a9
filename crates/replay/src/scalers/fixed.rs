//! Always the same number.

use super::{Answer, Order, Scaler};
use crate::model::Sight;

/// So many workers from the beginning to the end.
#[derive(Clone, Copy, Debug)]
pub struct Fixed(pub u32);

impl Scaler for Fixed {
    fn name(&self) -> String {
        format!("fixed {}", self.0)
    }

    fn look(&mut self, sight: &Sight<'_>) -> Answer {
        let order = if sight.current() == self.0 { Order::Keep } else { Order::To(self.0) };
        Answer { order, due: None }
    }
}

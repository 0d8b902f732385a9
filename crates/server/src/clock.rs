//! The machine's clock and its source of randomness. Nothing else in Caddis asks for them.

use caddis_engine::ports::{Clock, Entropy};
use caddis_types::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(caddis_backends::clock::wall())
    }
}

/// The kernel's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        // Linux's getrandom fails only before the machine has finished booting, when nothing may be made secret.
        SysRng.try_fill_bytes(&mut seed).expect("the kernel gives random bytes");
        seed
    }
}

/// 256 random bits in hexadecimal.
pub(crate) fn secret() -> String {
    SystemEntropy.seed().iter().map(|byte| format!("{byte:02x}")).collect()
}

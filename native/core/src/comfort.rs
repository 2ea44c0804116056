//! Comfort noise (RFC 3389): how the background sounds while nobody speaks and nothing else is sent.

/// Reflection coefficients that are made use of; more describe a background in finer detail than anybody listens to.
const ORDER: usize = 10;
/// Full scale of 16-bit samples, the overload point that levels are below of.
const FULL: f32 = 32_768.0;

/// Noise that sounds as a packet says.
#[derive(Debug)]
pub struct Noise {
    amplitude: f32,
    reflections: [f32; ORDER],
    memory: [f32; ORDER],
    random: u32,
}

impl Noise {
    /// Reads a payload: a level in -dBov and reflection coefficients. `None` for an empty one.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (level, coefficients) = payload.split_first()?;
        let mut reflections = [0.0; ORDER];
        let mut gain = 1.0;
        for (reflection, byte) in reflections.iter_mut().zip(coefficients) {
            *reflection = ((f32::from(*byte) - 127.0) / 128.0).clamp(-0.98, 0.98);
            gain *= 1.0 - *reflection * *reflection;
        }
        let rms = FULL * 10f32.powf(-f32::from(level & 0x7F) / 20.0);
        Some(Self {
            // An even spread has the root of a third of its width squared as its mean power.
            amplitude: rms * (3.0 * gain).sqrt(),
            reflections,
            memory: [0.0; ORDER],
            random: 0x9E37_79B9,
        })
    }

    /// Goes on.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut value = self.amplitude * (self.random as i32 as f32 / 2_147_483_648.0);
            // An all-pole lattice, as the coefficients of a speech coder are meant.
            for at in (0..ORDER).rev() {
                value -= self.reflections[at] * self.memory[at];
                let carried = self.memory[at] + self.reflections[at] * value;
                if at + 1 < ORDER {
                    self.memory[at + 1] = carried;
                }
            }
            self.memory[0] = value;
            *sample = value as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level(samples: &[i16]) -> f64 {
        let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
        10.0 * (power / 32_768f64.powi(2)).log10()
    }

    #[test]
    fn noise_is_as_loud_as_it_is_said_to_be_whatever_its_colour() {
        for coefficients in [&[][..], &[200], &[60, 150], &[10, 240, 100, 127, 90]] {
            for loud in [30u8, 50, 60] {
                let mut noise = Noise::parse(&[&[loud], coefficients].concat()).expect("a level");
                let mut samples = [0; 16_000];
                noise.fill(&mut samples);
                let found = level(&samples);
                assert!(
                    (found + f64::from(loud)).abs() < 1.5,
                    "{coefficients:?} {loud}: {found}"
                );
            }
        }
    }

    #[test]
    fn an_empty_payload_is_no_noise() {
        assert!(Noise::parse(&[]).is_none());
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_grow_without_bound(payload in proptest::collection::vec(any::<u8>(), 1..40)) {
            let mut noise = Noise::parse(&payload).expect("a level");
            let mut samples = [0; 2000];
            noise.fill(&mut samples);
            prop_assert!(noise.memory.iter().all(|value| value.is_finite()));
        }
    }
}

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

/// Louder than this is no background, dBov below full scale: it is sent as it is.
const LOUDEST: f64 = 50.0;
/// Frames that a voice rests within a word; silence begins behind them.
const HANGOVER: u32 = 10;
/// Frames after which the far end is told again how the silence sounds.
const REFRESH: u32 = 50;
/// What a level may differ before it is told anew, dB.
const CHANGE: f64 = 4.0;

/// What is to be sent of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The frame.
    Audio,
    /// How silence sounds: its level, -dBov.
    Noise(u8),
    /// Nothing.
    Nothing,
}

/// Finds what of a stream is silence that need not be sent.
#[derive(Debug, Default)]
pub struct Background {
    quiet: u32,
    told: Option<(f64, u32)>,
}

impl Background {
    /// The next frame of 20 ms.
    pub fn judge(&mut self, frame: &[i16]) -> Sent {
        let power = frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len().max(1) as f64;
        let below = -10.0 * (power / f64::from(FULL).powi(2)).max(1e-12).log10();
        if below < LOUDEST {
            *self = Self::default();
            return Sent::Audio;
        }
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet <= HANGOVER {
            return Sent::Audio;
        }
        let below = below.min(90.0);
        match &mut self.told {
            Some((level, age)) if (*level - below).abs() < CHANGE && *age < REFRESH => {
                *age += 1;
                Sent::Nothing
            }
            told => {
                *told = Some((below, 0));
                Sent::Noise(below.round() as u8)
            }
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
    fn silence_is_told_of_after_a_while_and_again_each_second_and_voice_is_sent_at_once() {
        let mut background = Background::default();
        let quiet: Vec<i16> = (0..160).map(|n| if n % 2 == 0 { 20 } else { -20 }).collect();
        let sent: Vec<Sent> = (0..120).map(|_| background.judge(&quiet)).collect();
        assert!(sent[..10].iter().all(|sent| *sent == Sent::Audio));
        let told: Vec<usize> = (0..120).filter(|n| sent[*n] == Sent::Noise(64)).collect();
        assert_eq!(told, [10, 61, 112]);
        assert_eq!(sent.iter().filter(|sent| **sent == Sent::Nothing).count(), 107);
        assert_eq!(background.judge(&[8000; 160]), Sent::Audio);
        assert_eq!(background.judge(&quiet), Sent::Audio);
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

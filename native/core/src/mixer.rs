//! Sums of voices: one for everybody, and that without one's own for those who speak.
//!
//! Sums have 32 bits, so that no number of voices wraps; what is too loud for 16 bits is bent softly, not cut off.

/// Samples up to here leave as they are; from here to full scale there is room for all that is louder.
const KNEE: i32 = 26_000;
const ROOM: i64 = 32_767 - KNEE as i64;

/// What all say together at one rate, in one tick.
#[derive(Debug, Default)]
pub struct Sum {
    samples: Vec<i32>,
}

impl Sum {
    /// Silence of so many samples.
    pub fn clear(&mut self, length: usize) {
        self.samples.clear();
        self.samples.resize(length, 0);
    }

    /// Samples of the frame; 0 where nobody hears this rate.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether nobody hears this rate.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// One more voice.
    pub fn add(&mut self, voice: &[i16]) {
        for (sum, sample) in self.samples.iter_mut().zip(voice) {
            *sum += i32::from(*sample);
        }
    }

    /// What everybody hears who adds nothing.
    pub fn whole(&self, out: &mut Vec<i16>) {
        narrow(&self.samples, out);
    }

    /// What somebody hears who adds `own` and to whom `whispers` are added; voices of another length count as silence.
    /// `rest` is room to calculate in.
    pub fn without<'a>(
        &self,
        own: Option<&[i16]>,
        whispers: impl Iterator<Item = &'a [i16]>,
        rest: &mut Vec<i32>,
        out: &mut Vec<i16>,
    ) {
        rest.clear();
        rest.extend_from_slice(&self.samples);
        for voice in whispers {
            for (sum, sample) in rest.iter_mut().zip(voice) {
                *sum += i32::from(*sample);
            }
        }
        for (sum, sample) in rest.iter_mut().zip(own.unwrap_or_default()) {
            *sum -= i32::from(*sample);
        }
        narrow(rest, out);
    }
}

// Most of the time nothing is loud, and then there is nothing to decide for each sample.
fn narrow(sums: &[i32], out: &mut Vec<i16>) {
    out.clear();
    let loudest = sums.iter().fold(0, |most, sum| most.max(sum.abs()));
    if loudest <= KNEE {
        out.extend(sums.iter().map(|sum| *sum as i16));
    } else {
        out.extend(sums.iter().map(|sum| limit(*sum)));
    }
}

/// Brings a sum into 16 bits: unchanged up to the knee, then along a curve that nears full scale and never reaches it.
pub fn limit(sum: i32) -> i16 {
    let size = sum.unsigned_abs() as i32;
    if size <= KNEE {
        return sum as i16;
    }
    let over = i64::from(size - KNEE);
    let bent = KNEE + (ROOM * over / (ROOM + over)) as i32;
    (bent * sum.signum()) as i16
}

/// Scales a frame by a factor, at most 16, that goes from `from` to `to` within the first `over` samples and stays there.
pub fn scale(frame: &mut [i16], from: f32, to: f32, over: usize) {
    let last = fixed(to);
    let (moving, steady) = if from == to {
        frame.split_at_mut(0)
    } else {
        frame.split_at_mut(over.clamp(1, frame.len().max(1)).min(frame.len()))
    };
    if !moving.is_empty() {
        let first = fixed(from);
        let step = (last - first) / moving.len() as i32;
        for (at, sample) in (1..).zip(moving) {
            *sample = scaled(*sample, first + step * at);
        }
    }
    if last != ONE {
        for sample in steady {
            *sample = scaled(*sample, last);
        }
    }
}

/// Factors have 20 bits behind the point; a sample is multiplied by the upper 12 of them, so that all fits into 32 bits.
const ONE: i32 = 1 << 20;

fn fixed(factor: f32) -> i32 {
    (factor * ONE as f32) as i32
}

fn scaled(sample: i16, factor: i32) -> i16 {
    let product = i32::from(sample) * (factor >> 8);
    ((product + 2048) >> 12).clamp(-32_768, 32_767) as i16
}

/// What follows on a voice that breaks off: its last milliseconds backwards, fading. So it ends without a jump.
pub fn tail(frame: &[i16]) -> Vec<i16> {
    let mut tail: Vec<i16> = frame.iter().rev().copied().collect();
    let length = tail.len();
    scale(&mut tail, 1.0, 0.0, length / 2);
    tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_hears_the_sum_of_the_others() {
        let voices = [[100i16, -200, 300], [10, 20, 30], [1, 2, 3]];
        let mut sum = Sum::default();
        sum.clear(3);
        voices.iter().for_each(|voice| sum.add(voice));
        let mut heard = Vec::new();
        sum.whole(&mut heard);
        assert_eq!(heard, [111, -178, 333]);
        sum.without(Some(&voices[0]), std::iter::empty(), &mut Vec::new(), &mut heard);
        assert_eq!(heard, [11, 22, 33]);
        let whisper: &[i16] = &[5, 5, 5];
        sum.without(Some(&voices[1]), std::iter::once(whisper), &mut Vec::new(), &mut heard);
        assert_eq!(heard, [106, -193, 308]);
    }

    #[test]
    fn five_hundred_voices_at_full_scale_neither_wrap_nor_cut() {
        let mut sum = Sum::default();
        sum.clear(2);
        (0..500).for_each(|_| sum.add(&[32_767, -32_768]));
        let mut heard = Vec::new();
        sum.whole(&mut heard);
        assert!(heard[0] > 32_000 && heard[1] < -32_000);
        sum.without(
            Some(&[32_767, -32_768]),
            std::iter::empty(),
            &mut Vec::new(),
            &mut heard,
        );
        assert!(heard[0] > 32_000 && heard[1] < -32_000);
    }

    #[test]
    fn a_factor_moves_evenly_and_then_stays() {
        let mut frame = [1000i16; 8];
        scale(&mut frame, 0.0, 1.0, 4);
        assert_eq!(frame, [250, 500, 750, 1000, 1000, 1000, 1000, 1000]);
        scale(&mut frame, 1.0, 1.0, 4);
        assert_eq!(frame[0], 250);
        let mut loud = [30_000i16, -30_000];
        scale(&mut loud, 2.0, 2.0, 1);
        assert_eq!(loud, [32_767, -32_768]);
    }

    #[test]
    fn a_tail_begins_where_the_voice_broke_off_and_ends_in_silence() {
        let frame: Vec<i16> = (0..160).map(|at| at * 50).collect();
        let tail = tail(&frame);
        assert!((i32::from(tail[0]) - 159 * 50).abs() < 160);
        assert!(tail[80..].iter().all(|sample| *sample == 0));
        assert!(tail
            .windows(2)
            .all(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs() < 200));
    }

    proptest! {
        #[test]
        fn the_limit_keeps_order_and_sign_and_leaves_what_is_not_loud(a in -20_000_000..20_000_000i32, b in -20_000_000..20_000_000i32) {
            prop_assert!((a <= b) == (limit(a) <= limit(b)) || limit(a) == limit(b));
            prop_assert_eq!(i32::from(limit(a)).signum(), a.signum());
            if a.abs() <= KNEE {
                prop_assert_eq!(i32::from(limit(a)), a);
            }
        }
    }
}

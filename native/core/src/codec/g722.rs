//! G.722 at 64 kbit/s (ITU-T G.722 mode 1): 16 kHz in two bands, each an adaptive differential code.
//!
//! Names in comments are those of the recommendation's blocks. Its RTP clock runs at 8 kHz by an old mistake (RFC 3551 section
//! 4.5.2), one tick for two samples.

/// Samples per byte.
pub const SAMPLES: usize = 2;

const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
    1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
const IL_NEGATIVE: [u8; 31] = [
    0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
];
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
const QM4: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
];
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
const RL4: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const WL: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const WH: [i32; 3] = [0, -214, 798];
const RH2: [usize; 4] = [2, 1, 2, 1];
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

// The adaptive predictor and the scale factor of one band.
#[derive(Debug, Clone)]
struct Band {
    high: bool,
    scale: i32,
    log_scale: i32,
    estimate: i32,
    zero_part: i32,
    poles: [i32; 2],
    zeros: [i32; 6],
    differences: [i32; 6],
    reconstructed: [i32; 2],
    partial: [i32; 2],
}

impl Band {
    fn new(high: bool) -> Self {
        Self {
            high,
            scale: if high { 8 } else { 32 },
            log_scale: 0,
            estimate: 0,
            zero_part: 0,
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            reconstructed: [0; 2],
            partial: [0; 2],
        }
    }

    // LOGSCL and SCALEL, LOGSCH and SCALEH.
    fn rescale(&mut self, weight: i32) {
        let (most, offset) = if self.high { (22_528, 10) } else { (18_432, 8) };
        self.log_scale = (((self.log_scale * 127) >> 7) + weight).clamp(0, most);
        let mantissa = ILB[((self.log_scale >> 6) & 31) as usize];
        let shift = offset - (self.log_scale >> 11);
        self.scale = if shift < 0 {
            mantissa << -shift
        } else {
            mantissa >> shift
        } << 2;
    }

    // PARREC, RECONS, UPPOL2, UPPOL1, UPZERO, FILTEP, FILTEZ and PREDIC, for one quantized difference.
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.estimate + difference);
        let partial = saturate(self.zero_part + difference);
        let same = |other: i32| (partial < 0) == (other < 0);

        let lead = saturate(self.poles[0] << 2);
        let lead = (if same(self.partial[0]) { -lead } else { lead }).min(32_767);
        let turn = if same(self.partial[1]) { 128 } else { -128 };
        let second = ((lead >> 7) + turn + ((self.poles[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let turn = if same(self.partial[0]) { 192 } else { -192 };
        let bound = saturate(15_360 - second);
        let first = saturate(turn + ((self.poles[0] * 32_640) >> 15)).clamp(-bound, bound);

        let step = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(&self.differences) {
            let turn = if (difference < 0) == (*before < 0) { step } else { -step };
            *zero = saturate(turn + ((*zero * 32_640) >> 15));
        }
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.poles = [first, second];
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];

        let pole = |at: usize| (self.poles[at] * saturate(2 * self.reconstructed[at])) >> 15;
        let pole_part = saturate(pole(0) + pole(1));
        let terms = self.zeros.iter().zip(&self.differences);
        self.zero_part = saturate(terms.map(|(zero, d)| (zero * saturate(2 * d)) >> 15).sum());
        self.estimate = saturate(pole_part + self.zero_part);
    }

    // INVQAL for the four bits that steer the low band's predictor.
    fn take_low(&mut self, index: usize) {
        let difference = (self.scale * QM4[index]) >> 15;
        self.rescale(WL[RL4[index]]);
        self.predict(difference);
    }

    fn take_high(&mut self, index: usize) -> i32 {
        let difference = (self.scale * QM2[index]) >> 15;
        self.rescale(WH[RH2[index]]);
        difference
    }
}

/// One stream's encoder.
#[derive(Debug, Clone)]
pub struct Encoder {
    low: Band,
    high: Band,
    history: [i32; 24],
}

/// One stream's decoder.
#[derive(Debug, Clone)]
pub struct Decoder {
    low: Band,
    high: Band,
    history: [i32; 24],
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            low: Band::new(false),
            high: Band::new(true),
            history: [0; 24],
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            low: Band::new(false),
            high: Band::new(true),
            history: [0; 24],
        }
    }
}

impl Encoder {
    /// Two samples become one byte; an odd one at the end is left out. Returns the bytes.
    pub fn encode(&mut self, samples: &[i16], codes: &mut [u8]) -> usize {
        let pairs = samples.chunks_exact(SAMPLES).zip(codes.iter_mut());
        let length = pairs.len();
        for (pair, code) in pairs {
            *code = self.pair(i32::from(pair[0]), i32::from(pair[1]));
        }
        length
    }

    fn pair(&mut self, first: i32, second: i32) -> u8 {
        // Transmit quadrature mirror filters.
        self.history.copy_within(2.., 0);
        [self.history[22], self.history[23]] = [first, second];
        let (odd, even) = halves(&self.history);
        let (low, high) = ((even + odd) >> 14, (even - odd) >> 14);

        // QUANTL.
        let error = saturate(low - self.low.estimate);
        let size = if error >= 0 { error } else { -(error + 1) };
        let level = (1..30)
            .find(|level| size < (Q6[*level] * self.low.scale) >> 12)
            .unwrap_or(30);
        let low_code = match error {
            0.. => 62 - level as u8,
            _ => IL_NEGATIVE[level],
        };
        self.low.take_low(usize::from(low_code >> 2));

        // QUANTH.
        let error = saturate(high - self.high.estimate);
        let size = if error >= 0 { error } else { -(error + 1) };
        let far = size >= (564 * self.high.scale) >> 12;
        let high_code: u8 = match (error >= 0, far) {
            (true, true) => 2,
            (true, false) => 3,
            (false, true) => 0,
            (false, false) => 1,
        };
        let difference = self.high.take_high(usize::from(high_code));
        self.high.predict(difference);
        high_code << 6 | low_code
    }
}

impl Decoder {
    /// One byte becomes two samples. Returns the samples.
    pub fn decode(&mut self, codes: &[u8], samples: &mut [i16]) -> usize {
        let pairs = samples.chunks_exact_mut(SAMPLES).zip(codes);
        let length = pairs.len();
        for (pair, code) in pairs {
            pair.copy_from_slice(&self.pair(*code));
        }
        length * SAMPLES
    }

    fn pair(&mut self, code: u8) -> [i16; 2] {
        let limit = |value: i32| value.clamp(-16_384, 16_383);
        let fine = usize::from(code & 63);
        let low = limit(self.low.estimate + ((self.low.scale * QM6[fine]) >> 15));
        self.low.take_low(fine >> 2);
        let difference = self.high.take_high(usize::from(code >> 6));
        let high = limit(self.high.estimate + difference);
        self.high.predict(difference);

        // Receive quadrature mirror filters.
        self.history.copy_within(2.., 0);
        [self.history[22], self.history[23]] = [low + high, low - high];
        let (second, first) = halves(&self.history);
        [saturate(first >> 11) as i16, saturate(second >> 11) as i16]
    }
}

// Both halves of the filter over 24 values: those at even places, and those at odd ones with the coefficients reversed.
fn halves(history: &[i32; 24]) -> (i32, i32) {
    let (mut straight, mut reversed) = (0, 0);
    for (n, pair) in history.chunks_exact(2).enumerate() {
        straight += pair[0] * QMF[n];
        reversed += pair[1] * QMF[11 - n];
    }
    (straight, reversed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    fn sine(hertz: f64, peak: f64, length: usize) -> Vec<i16> {
        let sample = |n: usize| (peak * (TAU * hertz * n as f64 / 16_000.0).sin()) as i16;
        (0..length).map(sample).collect()
    }

    fn through(input: &[i16]) -> Vec<i16> {
        let mut codes = vec![0; input.len() / 2];
        assert_eq!(Encoder::default().encode(input, &mut codes), codes.len());
        let mut output = vec![0; input.len()];
        assert_eq!(Decoder::default().decode(&codes, &mut output), input.len());
        output
    }

    // The filters delay by 22 samples.
    fn noise(input: &[i16], output: &[i16]) -> f64 {
        let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
        let signal = power(&mut input[2000..8000].iter().map(|s| f64::from(*s)));
        let both = input[2000..8000].iter().zip(&output[2022..8022]);
        let error = power(&mut both.map(|(a, b)| f64::from(*a) - f64::from(*b)));
        10.0 * (signal / error).log10()
    }

    #[test]
    fn tones_of_either_band_keep_level_and_shape() {
        for (hertz, least) in [
            (300.0, 35.0),
            (1000.0, 30.0),
            (3000.0, 25.0),
            (5000.0, 12.0),
            (6500.0, 12.0),
        ] {
            let input = sine(hertz, 8000.0, 9000);
            let ratio = noise(&input, &through(&input));
            assert!(ratio > least, "{hertz} Hz: {ratio:.1} dB");
        }
    }

    #[test]
    fn silence_stays_silent_and_full_scale_does_not_wrap() {
        assert!(through(&[0; 2000]).iter().all(|s| s.abs() < 32));
        let input = sine(400.0, 32_000.0, 9000);
        assert!(noise(&input, &through(&input)) > 20.0);
    }

    proptest! {
        #[test]
        fn no_code_words_make_it_panic(codes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut samples = vec![0; 2 * codes.len()];
            prop_assert_eq!(Decoder::default().decode(&codes, &mut samples), samples.len());
        }

        #[test]
        fn no_samples_make_it_panic(samples in proptest::collection::vec(any::<i16>(), 0..400)) {
            Encoder::default().encode(&samples, &mut vec![0; samples.len() / 2]);
        }
    }
}

//! Opus (RFC 6716, RFC 7587) by libopus: mono at 48 kHz, with in-band error correction and discontinuous transmission.

use opusic_c::{Application, Bitrate, Channels, Decoder as Reader, Encoder as Writer, InbandFec, SampleRate};

/// Hertz, of samples and of the RTP clock.
pub const RATE: u32 = 48_000;
/// Samples of the longest packet, 120 ms.
pub const LONGEST: usize = 5760;
/// Packets up to this many bytes say that nothing need be sent (RFC 7587 section 3.1.3).
const NOTHING: usize = 2;
/// Samples that concealment comes in, 2.5 ms.
const GRAIN: usize = 120;
/// What the encoder is told of a line that nothing is known of, percent: some of the bits go into error correction.
pub const LOSS: u8 = 10;

/// How speech is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Bits per second, 6000..=510_000.
    pub bitrate: u32,
    /// 0..=10; CPU against quality.
    pub complexity: u8,
    /// Put a coarse copy of each packet into the next one, for far ends that make use of it.
    pub fec: bool,
    /// Send next to nothing while there is silence.
    pub dtx: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 5,
            fec: true,
            dtx: false,
        }
    }
}

/// One stream's encoder.
pub struct Encoder {
    fec: bool,
    writer: Writer,
    samples: Vec<u16>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

impl Encoder {
    /// `None` when there is no memory for it.
    pub fn new(options: Options) -> Option<Self> {
        let mut writer = Writer::new(Channels::Mono, SampleRate::Hz48000, Application::Voip).ok()?;
        // Values out of range were refused above; one that libopus does not take leaves its own.
        let _ = writer.set_bitrate(Bitrate::Value(options.bitrate));
        let _ = writer.set_complexity(options.complexity);
        if options.fec {
            let _ = writer.set_inband_fec(InbandFec::Mode1);
            let _ = writer.set_packet_loss(LOSS);
        }
        let _ = writer.set_dtx(options.dtx);
        Some(Self {
            fec: options.fec,
            writer,
            samples: Vec::new(),
        })
    }

    /// How many percent of the packets will be lost.
    pub fn expect_loss(&mut self, percent: u8) {
        if self.fec {
            let _ = self.writer.set_packet_loss(percent.min(100));
        }
    }

    /// One packet of 10, 20, 40 or 60 ms; returns its bytes, 0 when nothing need be sent.
    pub fn encode(&mut self, samples: &[i16], packet: &mut [u8]) -> usize {
        self.samples.clear();
        self.samples.extend(samples.iter().map(|sample| *sample as u16));
        match self.writer.encode_to_slice(&self.samples, packet) {
            Ok(length) if length > NOTHING => length,
            _ => 0,
        }
    }
}

/// One stream's decoder.
pub struct Decoder {
    reader: Reader,
    samples: Box<[u16]>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

impl Decoder {
    /// `None` when there is no memory for it.
    pub fn new() -> Option<Self> {
        let reader = Reader::new(Channels::Mono, SampleRate::Hz48000).ok()?;
        let samples = vec![0; LONGEST].into();
        Some(Self { reader, samples })
    }

    /// Appends what a packet holds; `false` for what is no packet.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> bool {
        !packet.is_empty() && self.run(packet, LONGEST, false, out)
    }

    /// Appends `length` samples in place of a packet that is lost, with the help of the one that followed it, if any.
    pub fn conceal(&mut self, next: Option<&[u8]>, length: usize, out: &mut Vec<i16>) {
        let length = (length / GRAIN * GRAIN).min(LONGEST);
        if length > 0 {
            self.run(next.unwrap_or(&[]), length, next.is_some(), out);
        }
    }

    fn run(&mut self, packet: &[u8], length: usize, correct: bool, out: &mut Vec<i16>) -> bool {
        let made = self
            .reader
            .decode_to_slice(packet, &mut self.samples[..length], correct);
        let made = made.map_or(0, |made| made.min(length));
        out.extend(self.samples[..made].iter().map(|sample| *sample as i16));
        made > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    const FRAME: usize = 960;

    fn sine(hertz: f64, frames: usize) -> Vec<i16> {
        let sample = |n: usize| (8000.0 * (TAU * hertz * n as f64 / f64::from(RATE)).sin()) as i16;
        (0..frames * FRAME).map(sample).collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    fn packets(options: Options, input: &[i16]) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(options).expect("memory");
        let mut packet = [0; 1400];
        let frames = input.chunks_exact(FRAME);
        frames
            .map(|frame| {
                let length = encoder.encode(frame, &mut packet);
                packet[..length].to_vec()
            })
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_level() {
        let input = sine(1000.0, 50);
        let mut decoder = Decoder::new().expect("memory");
        let mut out = Vec::new();
        for packet in packets(Options::default(), &input) {
            assert!(decoder.decode(&packet, &mut out));
        }
        assert_eq!(out.len(), input.len());
        let ratio = rms(&out[24_000..]) / rms(&input[24_000..]);
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    }

    // Harmonics of a voice that rises and falls four times a second.
    fn voice(frames: usize) -> Vec<i16> {
        let sample = |n: usize| {
            let t = n as f64 / f64::from(RATE);
            let pitch = 130.0 + 15.0 * (TAU * t).sin();
            let sum: f64 = (1..20)
                .map(|h| (TAU * pitch * f64::from(h) * t).sin() / f64::from(h))
                .sum();
            (5000.0 * (0.5 - 0.5 * (TAU * 4.0 * t).cos()) * sum) as i16
        };
        (0..frames * FRAME).map(sample).collect()
    }

    #[test]
    fn a_lost_packet_is_repaired_from_the_next_one_and_keeps_its_time() {
        let sent = packets(Options::default(), &voice(200));
        let decoded = |loses: bool, repairs: bool| {
            let mut decoder = Decoder::new().expect("memory");
            let mut out = Vec::new();
            for (n, packet) in sent.iter().enumerate() {
                if loses && n % 10 == 5 {
                    decoder.conceal(repairs.then(|| &*sent[n + 1]), FRAME, &mut out);
                } else {
                    assert!(decoder.decode(packet, &mut out));
                }
            }
            assert_eq!(out.len(), 200 * FRAME);
            out
        };
        let whole = decoded(false, false);
        let error = |out: Vec<i16>| {
            let both = whole.iter().zip(&out);
            both.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
        };
        let (repaired, guessed) = (error(decoded(true, true)), error(decoded(true, false)));
        assert!(repaired < 0.7 * guessed, "{repaired} {guessed}");
    }

    #[test]
    fn silence_costs_next_to_nothing_where_that_is_wanted() {
        let silence = vec![0; 100 * FRAME];
        let sent = |dtx| {
            let options = Options {
                dtx,
                ..Options::default()
            };
            packets(options, &silence)
                .iter()
                .filter(|packet| !packet.is_empty())
                .count()
        };
        assert_eq!(sent(false), 100);
        assert!(sent(true) < 40, "{}", sent(true));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_grow(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..8)) {
            let mut decoder = Decoder::new().expect("memory");
            let mut out = Vec::new();
            for packet in &packets {
                decoder.conceal(Some(packet), FRAME, &mut out);
                decoder.decode(packet, &mut out);
            }
            prop_assert!(out.len() <= packets.len() * (LONGEST + FRAME));
        }
    }
}

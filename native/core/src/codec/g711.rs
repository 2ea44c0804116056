//! G.711 µ-law and A-law (ITU-T G.711), by table in both directions.

use super::Codec;

const fn decode_ulaw(code: u8) -> i16 {
    let code = !code;
    let exponent = (code >> 4) & 7;
    let magnitude = ((((code & 15) as i32) << 3) + 0x84) << exponent;
    let value = magnitude - 0x84;
    (if code & 0x80 != 0 { -value } else { value }) as i16
}

const fn decode_alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let exponent = (code >> 4) & 7;
    let mantissa = ((code & 15) as i32) << 4;
    let value = if exponent == 0 {
        mantissa + 8
    } else {
        (mantissa + 0x108) << (exponent - 1)
    };
    (if code & 0x80 != 0 { value } else { -value }) as i16
}

const fn encode_ulaw(sample: i16) -> u8 {
    let negative = sample < 0;
    let mut magnitude = if negative { -(sample as i32) } else { sample as i32 };
    if magnitude > 32_635 {
        magnitude = 32_635;
    }
    magnitude += 0x84;
    let exponent = 31 - (magnitude as u32).leading_zeros() - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 15;
    !((if negative { 0x80 } else { 0 }) | ((exponent as u8) << 4) | mantissa as u8)
}

const fn encode_alaw(sample: i16) -> u8 {
    let positive = sample >= 0;
    let magnitude = if positive { sample as i32 } else { -(sample as i32) - 1 };
    let code = if magnitude < 256 {
        (magnitude >> 4) as u8
    } else {
        let exponent = 31 - (magnitude as u32).leading_zeros() - 7;
        ((exponent as u8) << 4) | ((magnitude >> (exponent + 3)) & 15) as u8
    };
    (code | if positive { 0x80 } else { 0 }) ^ 0x55
}

const fn decode_table(alaw: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = if alaw {
            decode_alaw(code as u8)
        } else {
            decode_ulaw(code as u8)
        };
        code += 1;
    }
    table
}

// µ-law resolves 14 bits and A-law 13, but its steps are not centred on multiples of four; 8,192 entries of eight
// would blur them, so the tables are indexed by the upper 14 bits and stay in the first-level cache (16 KiB).
const fn encode_table(alaw: bool) -> [u8; 16_384] {
    let mut table = [0; 16_384];
    let mut index = 0;
    while index < 16_384 {
        let sample = ((index as i32 - 8192) * 4 + 2) as i16;
        table[index] = if alaw { encode_alaw(sample) } else { encode_ulaw(sample) };
        index += 1;
    }
    table
}

static FROM_ULAW: [i16; 256] = decode_table(false);
static FROM_ALAW: [i16; 256] = decode_table(true);
static TO_ULAW: [u8; 16_384] = encode_table(false);
static TO_ALAW: [u8; 16_384] = encode_table(true);

/// Encodes as many samples as both slices hold.
pub fn encode(codec: Codec, samples: &[i16], codes: &mut [u8]) {
    let table = if codec == Codec::Pcma { &TO_ALAW } else { &TO_ULAW };
    for (code, sample) in codes.iter_mut().zip(samples) {
        *code = table[(((*sample as i32) + 32_768) >> 2) as usize & 16_383];
    }
}

/// Decodes as many codes as both slices hold.
pub fn decode(codec: Codec, codes: &[u8], samples: &mut [i16]) {
    let table = table(codec);
    for (sample, code) in samples.iter_mut().zip(codes) {
        *sample = table[*code as usize];
    }
}

/// Changes code words of one law into the other's, in place.
pub fn transcode(from: Codec, to: Codec, codes: &mut [u8]) {
    if from == to {
        return;
    }
    for code in codes {
        let mut encoded = [0];
        encode(to, &[table(from)[*code as usize]], &mut encoded);
        *code = encoded[0];
    }
}

fn table(codec: Codec) -> &'static [i16; 256] {
    if codec == Codec::Pcma {
        &FROM_ALAW
    } else {
        &FROM_ULAW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_code_words_decode_to_the_values_of_the_recommendation() {
        assert_eq!(decode_ulaw(0x00), -32_124);
        assert_eq!(decode_ulaw(0x80), 32_124);
        assert_eq!(decode_ulaw(0xFF), 0);
        assert_eq!(decode_alaw(0xD5), 8);
        assert_eq!(decode_alaw(0x55), -8);
        assert_eq!(decode_alaw(0xAA), 32_256);
    }

    #[test]
    fn every_code_word_survives_decoding_and_encoding() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for code in 0..=255u8 {
                let (mut sample, mut again) = ([0], [0]);
                decode(codec, &[code], &mut sample);
                encode(codec, &sample, &mut again);
                // µ-law has two zeros; they are one value.
                let same = again[0] == code || (codec == Codec::Pcmu && code & 0x7F == 0x7F && again[0] & 0x7F == 0x7F);
                assert!(same, "{codec:?} {code:#x} became {:#x}", again[0]);
            }
        }
    }

    #[test]
    fn encoding_keeps_within_half_a_step_of_the_sample() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for sample in (-32_000..32_000).step_by(7) {
                let (mut code, mut back) = ([0], [0]);
                encode(codec, &[sample], &mut code);
                decode(codec, &code, &mut back);
                let error = (back[0] as i32 - sample as i32).abs();
                assert!(
                    error <= 20 + (sample as i32).abs() / 24,
                    "{codec:?} {sample} -> {}",
                    back[0]
                );
            }
        }
    }
}

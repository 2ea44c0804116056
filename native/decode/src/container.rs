//! MP3, Ogg and FLAC by symphonia, and Opus by libopus.

use offhook_media_core::codec::opus;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::default::formats::{FlacReader, MpaReader, OggReader};
use symphonia::default::get_codecs;

use crate::source::{Fuel, Source};
use crate::{mix, Kind, Piece, Refused, MOST_CHANNELS};

/// Damaged packets in a row, after which there is no point in going on.
const MOST_DAMAGED: usize = 200;

/// A file whose packets come from a format reader.
pub struct Container {
    kind: Kind,
    reader: Box<dyn FormatReader>,
    track: Track,
    fuel: Fuel,
    damaged: usize,
    floats: Vec<f32>,
}

struct Track {
    id: u32,
    coding: Coding,
}

enum Coding {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<Opus>),
}

struct Opus {
    decoder: opus::Decoder,
    gain: f32,
    /// Samples at the beginning that are the encoder's delay.
    skip: usize,
    samples: Vec<i16>,
}

impl Container {
    /// Reads the headers.
    pub fn open(source: Source, kind: Kind) -> Result<Self, Refused> {
        let fuel = source.fuel();
        let stream = MediaSourceStream::new(Box::new(source), Default::default());
        let options = FormatOptions::default();
        let reader: Result<Box<dyn FormatReader>, Error> = match kind {
            Kind::Flac => FlacReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
            Kind::Ogg => OggReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
            Kind::Mp3 | Kind::Wav => MpaReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        };
        let reader = reader.map_err(|error| refusal(kind, &fuel, &error))?;
        let track = Track::of(&*reader, kind)?;
        Ok(Self {
            kind,
            reader,
            track,
            fuel,
            damaged: 0,
            floats: Vec::new(),
        })
    }

    /// What the next packets hold; `false` at the end.
    pub fn next(&mut self, piece: &mut Piece) -> Result<bool, Refused> {
        while piece.samples.is_empty() {
            match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track.id => self.take(&packet, piece)?,
                Ok(Some(_)) => {}
                Ok(None) if !self.fuel.empty() => return Ok(false),
                Ok(None) => return Err(refusal(self.kind, &self.fuel, &Error::ResetRequired)),
                // The next song of a stream, perhaps at another rate.
                Err(Error::ResetRequired) => self.track = Track::of(&*self.reader, self.kind)?,
                Err(error) if self.fuel.empty() => return Err(refusal(self.kind, &self.fuel, &error)),
                // Cut off: what came is heard. Whoever fetched it knows better whether that was its end.
                Err(Error::IoError(_)) => return Ok(false),
                Err(error) => self.damage(&error)?,
            }
        }
        self.fuel.fill();
        Ok(true)
    }

    fn take(&mut self, packet: &Packet, piece: &mut Piece) -> Result<(), Refused> {
        match &mut self.track.coding {
            Coding::Opus(opus) => opus.decode(packet, piece),
            Coding::Symphonia(decoder) => match decoder.decode(packet) {
                Ok(decoded) => {
                    let channels = decoded.spec().channels().count();
                    if !(1..=MOST_CHANNELS).contains(&channels) {
                        return Err(Refused::new(format!(
                            "has {channels} channels; 1 to {MOST_CHANNELS} can be mixed"
                        )));
                    }
                    piece.rate = decoded.spec().rate();
                    decoded.copy_to_vec_interleaved(&mut self.floats);
                    mix(&self.floats, channels, &mut piece.samples);
                }
                Err(error) => return self.damage(&error),
            },
        }
        self.damaged = 0;
        Ok(())
    }

    fn damage(&mut self, error: &Error) -> Result<(), Refused> {
        self.damaged += 1;
        if self.damaged > MOST_DAMAGED {
            return Err(refusal(self.kind, &self.fuel, error));
        }
        Ok(())
    }
}

impl Track {
    fn of(reader: &dyn FormatReader, kind: Kind) -> Result<Self, Refused> {
        let silent = || Refused::new(format!("is {} without a kind of sound that can be played", kind.name()));
        let track = reader.default_track(TrackType::Audio).ok_or_else(silent)?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(silent());
        };
        let coding = if parameters.codec == CODEC_ID_OPUS {
            Coding::Opus(Box::new(Opus::new(parameters)?))
        } else {
            let options = AudioDecoderOptions::default();
            let decoder = get_codecs().make_audio_decoder(parameters, &options);
            Coding::Symphonia(decoder.map_err(|error| match error {
                Error::Unsupported(_) => silent(),
                error => Refused::new(format!("is {}, but damaged: {error}", kind.name())),
            })?)
        };
        Ok(Self { id: track.id, coding })
    }
}

impl Opus {
    /// From its identification header (RFC 7845 section 5.1): one stream, of one channel or two.
    fn new(parameters: &AudioCodecParameters) -> Result<Self, Refused> {
        let head = parameters.extra_data.as_deref().unwrap_or_default();
        let (channels, mapping) = (head.get(9).copied(), head.get(18).copied());
        if !matches!((channels, mapping), (Some(1 | 2), Some(0))) {
            return Err(Refused::new("is Opus of more than two channels, which cannot be mixed"));
        }
        let skip = head
            .get(10..12)
            .map_or(0, |skip| u16::from_le_bytes([skip[0], skip[1]]));
        let gain = head
            .get(16..18)
            .map_or(0, |gain| i16::from_le_bytes([gain[0], gain[1]]));
        let decoder = opus::Decoder::new().ok_or_else(|| Refused::new("cannot be decoded: there is no memory"))?;
        Ok(Self {
            decoder,
            gain: 10f32.powf(f32::from(gain) / (20.0 * 256.0)),
            skip: skip.into(),
            samples: Vec::new(),
        })
    }

    fn decode(&mut self, packet: &Packet, piece: &mut Piece) {
        self.samples.clear();
        if !self.decoder.decode(&packet.data, &mut self.samples) {
            // A gap of the packet's length keeps the time.
            self.decoder
                .conceal(None, packet.block_dur().get() as usize, &mut self.samples);
        }
        let most = self.samples.len();
        let start = self.skip.min(most);
        self.skip -= start;
        let end = most.saturating_sub(packet.trim_end.get() as usize).max(start);
        let gain = self.gain;
        let louder = |sample: &i16| (f32::from(*sample) * gain).round().clamp(-32_768.0, 32_767.0) as i16;
        piece.rate = opus::RATE;
        piece.samples.extend(self.samples[start..end].iter().map(louder));
    }
}

fn refusal(kind: Kind, fuel: &Fuel, error: &Error) -> Refused {
    let what = kind.name();
    if fuel.empty() {
        return Refused::new(format!("is {what} with too much that is no sound"));
    }
    match error {
        Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Refused::new(format!("is {what}, but cut off before the first sound"))
        }
        Error::IoError(error) => Refused::new(format!("cannot be read: {error}")),
        Error::Unsupported(reason) => Refused::new(format!("is {what} of a kind that is not supported: {reason}")),
        error => Refused::new(format!("is {what}, but damaged: {error}")),
    }
}

//! `offhook.media._native`: commands in, one batch of events out, and nothing else.
//!
//! Rust threads never take the GIL; a call from Python takes as long as queueing does.
#![forbid(unsafe_code)]

mod browsers;
mod recording;
mod rooms;
mod sources;
mod words;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

use offhook_media_core::command::{Codec, Connect, Order, RecordOrder, RoomOrder};
use offhook_media_core::detect::voice::VoiceOptions;
use offhook_media_core::event::{Event, Finding, Outcome, Statistics, Stop};
use offhook_media_core::quality::mos;
use offhook_media_core::session::Settings;
use offhook_media_io::engine::{Engine as MediaEngine, EngineSettings, Misuse, Play};
use offhook_media_io::outbox::Notice;
use parking_lot::Mutex;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use sources::{decibels, source, Lent};

/// The engine; see `_native.pyi`.
#[pyclass(frozen, module = "offhook.media._native")]
struct Engine {
    engine: Mutex<MediaEngine>,
}

fn misuse(error: Misuse) -> PyErr {
    match error {
        // A second outcome for the same id would break the one law, so this one cannot be an event.
        Misuse::CommandInUse(_) => PyRuntimeError::new_err(error.to_string()),
        Misuse::SessionInUse(_) => PyValueError::new_err(error.to_string()),
    }
}

type Voice = (f32, f32, u32, u32);

fn voice((level, above_noise, onset, hangover): Voice) -> VoiceOptions {
    VoiceOptions {
        level,
        above_noise,
        onset,
        hangover,
    }
}

fn samples(data: &[u8]) -> Vec<i16> {
    data.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect()
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, port_low, port_high, shards, jitter_least, jitter_most, rtp_timeout, keepalive, prompt_cache,
                        streams, browsers=None))]
    #[allow(clippy::too_many_arguments)] // They are keywords in Python.
    fn new(
        port_low: u16,
        port_high: u16,
        shards: usize,
        jitter_least: u32,
        jitter_most: u32,
        rtp_timeout: u64,
        keepalive: u64,
        prompt_cache: usize,
        streams: usize,
        browsers: Option<browsers::Browsers>,
    ) -> PyResult<Self> {
        let sessions = Settings {
            jitter_least,
            jitter_most,
            rtp_timeout,
            keepalive,
        };
        let settings = EngineSettings {
            port_low,
            port_high,
            shards,
            prompt_cache,
            streams,
            sessions,
        };
        let browsers = browsers.map(browsers::settings).transpose()?;
        let engine = MediaEngine::start(settings, browsers).map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self {
            engine: Mutex::new(engine),
        })
    }

    fn open_session(&self, command: u64, session: u64, host: &str, port: u16) -> PyResult<()> {
        self.engine.lock().open(command, session, host, port).map_err(misuse)
    }

    fn open_to_browser(
        &self,
        command: u64,
        session: u64,
        local: (String, String),
        lite: bool,
        controlling: bool,
    ) -> PyResult<()> {
        let (local, mut engine) = (browsers::credentials(local), self.engine.lock());
        let opened = engine.open_to_browser(command, session, local, lite, controlling);
        opened.map_err(misuse)
    }

    fn browser_port(&self) -> (u16, String) {
        browsers::port(self.engine.lock().browsers())
    }

    fn browser_entries(&self) -> usize {
        self.engine.lock().browsers().map_or(0, |gate| gate.len())
    }

    #[pyo3(signature = (command, session, host, port, codec_name, payload_type, accepts, dtmf, ptime, direction_name,
                        unconfirmed_limit, dtmf_accepts=None, security=None, dtmf_clock=8000, opus=None,
                        inband_dtmf=false, dtmf_signalled=false, rtcp_mux=false, comfort_noise=None,
                        peer=None))]
    #[allow(clippy::too_many_arguments)] // One for each field of `commands.Connect`.
    fn connect(
        &self,
        command: u64,
        session: u64,
        host: &str,
        port: u16,
        codec_name: &str,
        payload_type: u8,
        accepts: Vec<(u8, String)>,
        dtmf: Option<u8>,
        ptime: u32,
        direction_name: &str,
        unconfirmed_limit: u32,
        dtmf_accepts: Option<u8>,
        security: Option<(String, Vec<u8>, Vec<u8>)>,
        dtmf_clock: u32,
        opus: Option<(u32, u8, bool, bool)>,
        inband_dtmf: bool,
        dtmf_signalled: bool,
        rtcp_mux: bool,
        comfort_noise: Option<u8>,
        peer: Option<browsers::BrowserPeer>,
    ) -> PyResult<()> {
        let address = host.parse::<std::net::IpAddr>();
        let address = address.map_err(|_| PyValueError::new_err(format!("{host} is no IP address to send to")))?;
        if !(10..=60).contains(&ptime) || !ptime.is_multiple_of(10) || payload_type > 127 {
            return Err(PyValueError::new_err(
                "ptime is 10..60 ms in steps of 10, a payload type 0..127",
            ));
        }
        if ![8000, 16_000, 48_000].contains(&dtmf_clock) {
            return Err(PyValueError::new_err(
                "telephone-event's clock is 8000, 16000 or 48000 Hz",
            ));
        }
        let accepts = accepts
            .into_iter()
            .map(|(pt, name)| Ok((pt, words::codec(&name)?)))
            .collect::<PyResult<_>>()?;
        let connect = Connect {
            remote: (address, port).into(),
            codec: words::codec(codec_name)?,
            payload_type,
            accepts,
            dtmf,
            dtmf_accepts: dtmf_accepts.or(dtmf),
            dtmf_clock,
            inband_dtmf,
            dtmf_signalled,
            opus: opus.map_or_else(Default::default, words::options),
            ptime,
            direction: words::direction(direction_name)?,
            unconfirmed_limit,
            security: security.map(words::keys).transpose()?.map(Box::new),
            rtcp_mux,
            comfort_noise,
            peer: peer.map(browsers::peer).transpose()?.map(Box::new),
        };
        self.engine
            .lock()
            .order(session, command, Order::Connect(connect))
            .map_err(misuse)
    }

    #[pyo3(signature = (command, session, sources, repeat, stop_on, stop_on_voice=None, offset=0, gain=0.0))]
    #[allow(clippy::too_many_arguments)] // One for each field of `commands.Play`.
    fn play(
        &self,
        command: u64,
        session: u64,
        sources: Vec<Bound<'_, PyTuple>>,
        repeat: u32,
        stop_on: String,
        stop_on_voice: Option<Voice>,
        offset: u64,
        gain: f32,
    ) -> PyResult<()> {
        let play = Play {
            sources: sources.iter().map(source).collect::<PyResult<_>>()?,
            repeat,
            offset,
            gain: decibels(gain)?,
            stop_on,
            stop_on_voice: stop_on_voice.map(voice),
        };
        self.engine.lock().play(session, command, play).map_err(misuse)
    }

    fn supply(&self, stream: u64, data: PyBackedBytes, last: bool) {
        self.engine.lock().supply(stream, Box::new(Lent(data)), last);
    }

    fn set_gain(&self, target: u64, gain: f32) -> PyResult<()> {
        self.engine.lock().inject(target, Order::Gain(decibels(gain)?));
        Ok(())
    }

    fn send_digits(&self, command: u64, session: u64, digits: String, on: u32, off: u32) -> PyResult<()> {
        self.engine
            .lock()
            .order(session, command, Order::Digits { digits, on, off })
            .map_err(misuse)
    }

    #[allow(clippy::too_many_arguments)] // One for each field of `commands.Record`.
    fn record(
        &self,
        command: u64,
        session: u64,
        path: String,
        form: (&str, &str, u16, u32, bool),
        max_length: u64,
        silence: u64,
        finish_on: String,
        beep: bool,
        trim: bool,
    ) -> PyResult<()> {
        let (format, track, channels, rate, goes_on) = form;
        let order = RecordOrder {
            path,
            format: recording::format(format)?,
            track: recording::track(track)?,
            channels,
            rate,
            goes_on,
            max_length,
            silence,
            finish_on,
            beep,
            trim,
        };
        self.engine
            .lock()
            .order(session, command, Order::Record(order))
            .map_err(misuse)
    }

    fn pause(&self, recording: u64, behavior: Option<&str>) -> PyResult<()> {
        let pause = behavior.map(recording::pause).transpose()?;
        self.engine.lock().inject(recording, Order::Pause(pause));
        Ok(())
    }

    fn bridge(&self, command: u64, a: u64, b: u64) -> PyResult<()> {
        self.engine.lock().bridge(command, a, b).map_err(misuse)
    }

    fn join_room(&self, command: u64, session: u64, room: u64, membership: rooms::Given) -> PyResult<()> {
        let membership = rooms::membership(membership)?;
        self.engine
            .lock()
            .join_room(command, session, room, membership)
            .map_err(misuse)
    }

    fn change_member(&self, command: u64, session: u64, membership: rooms::Given) -> PyResult<()> {
        let order = Order::ChangeMember(rooms::membership(membership)?);
        self.engine.lock().order(session, command, order).map_err(misuse)
    }

    fn announce(&self, command: u64, room: u64, sources: Vec<Bound<'_, PyTuple>>, repeat: u32) -> PyResult<()> {
        let sources = sources.iter().map(source).collect::<PyResult<_>>()?;
        self.engine
            .lock()
            .announce(room, command, sources, repeat)
            .map_err(misuse)
    }

    fn record_room(&self, command: u64, room: u64, path: String) -> PyResult<()> {
        let order = RoomOrder::Record { path };
        self.engine.lock().order_room(room, command, order).map_err(misuse)
    }

    #[allow(clippy::too_many_arguments)] // One for each field of `commands.Tap`.
    fn tap(
        &self,
        command: u64,
        session: u64,
        inbound: bool,
        outbound: bool,
        rate: u32,
        chunk: u32,
        backlog: u32,
    ) -> PyResult<()> {
        let order = Order::Tap {
            inbound,
            outbound,
            rate,
            chunk,
            backlog,
        };
        self.engine.lock().order(session, command, order).map_err(misuse)
    }

    fn detect(&self, command: u64, session: u64, heeds: Option<Voice>, silence: u32, tones: bool) -> PyResult<()> {
        let order = Order::Detect {
            voice: heeds.map(voice),
            silence,
            tones,
        };
        self.engine.lock().order(session, command, order).map_err(misuse)
    }

    fn inject(&self, command: u64, session: u64, rate: u32, backlog: u32) -> PyResult<()> {
        self.engine
            .lock()
            .order(session, command, Order::Inject { rate, backlog })
            .map_err(misuse)
    }

    fn inject_audio(&self, stream: u64, data: &[u8], last: bool) {
        let samples = samples(data);
        self.engine.lock().inject(stream, Order::InjectAudio { samples, last });
    }

    fn inject_mark(&self, stream: u64, name: String) {
        self.engine.lock().inject(stream, Order::InjectMark(name));
    }

    fn inject_clear(&self, stream: u64) {
        self.engine.lock().inject(stream, Order::InjectClear);
    }

    fn cancel(&self, target: u64) {
        self.engine.lock().cancel(target);
    }

    fn measure(&self, command: u64, session: u64) -> PyResult<()> {
        self.engine
            .lock()
            .order(session, command, Order::Measure)
            .map_err(misuse)
    }

    fn close_session(&self, command: u64, session: u64) -> PyResult<()> {
        self.engine.lock().order(session, command, Order::Close).map_err(misuse)
    }

    fn fileno(&self) -> i32 {
        self.engine.lock().fd()
    }

    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let notices = self.engine.lock().drain();
        notices.into_iter().map(|notice| tuple(py, notice)).collect()
    }

    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let figures = self.engine.lock().figures();
        let metrics = PyDict::new(py);
        for (name, value) in [
            ("shards", figures.shards),
            ("sessions", figures.sessions),
            ("packets_received", figures.received),
            ("packets_sent", figures.sent),
            ("packets_refused", figures.refused),
            ("rtp_lost", figures.lost),
            ("rtp_late", figures.late),
            ("rtp_strange", figures.strange),
            ("milliseconds_concealed", figures.concealed),
            ("ticks", figures.ticks),
            ("ticks_skipped", figures.skipped),
            ("tick_lateness_p50", figures.lateness_p50),
            ("tick_lateness_p99", figures.lateness_p99),
            ("tick_lateness_max", figures.lateness_max),
            ("prompt_hits", figures.prompt_hits),
            ("prompt_misses", figures.prompt_misses),
            ("prompt_bytes", figures.prompt_bytes),
            ("samples_dropped", figures.samples_dropped),
            ("chunks_dropped", figures.chunks_dropped),
            ("events_dropped", figures.events_dropped),
        ] {
            metrics.set_item(name, value)?;
        }
        Ok(metrics)
    }

    fn reset_lateness(&self) {
        self.engine.lock().reset_lateness();
    }

    fn pending(&self) -> usize {
        self.engine.lock().pending()
    }

    fn stop(&self) {
        self.engine.lock().stop();
    }

    fn join(&self, py: Python<'_>, milliseconds: u64) -> bool {
        py.detach(|| self.engine.lock().join(Duration::from_millis(milliseconds)))
    }
}

fn tuple<'py>(py: Python<'py>, notice: Notice) -> PyResult<Bound<'py, PyTuple>> {
    match notice {
        Notice::Event(Event::Finished(id, outcome)) => ("finished", id, result(py, outcome)?).into_pyobject(py),
        Notice::Event(Event::Failed(id, reason)) => ("failed", id, reason).into_pyobject(py),
        Notice::Event(Event::Cancelled(id, outcome)) => {
            let outcome = outcome.map(|outcome| result(py, outcome)).transpose()?;
            ("cancelled", id, outcome).into_pyobject(py)
        }
        Notice::Event(Event::Digit(session, key)) => ("digit", session, key).into_pyobject(py),
        Notice::Event(Event::Speaking(session, speaking)) => ("speaking", session, speaking).into_pyobject(py),
        Notice::Event(Event::RtpLost(session, silent)) => ("lost", session, silent).into_pyobject(py),
        Notice::Event(Event::PathLost(session, reason)) => ("path-lost", session, reason).into_pyobject(py),
        Notice::Event(Event::Detected { command, what, at }) => {
            let (what, value) = match what {
                Finding::VoiceStarted => ("voice-started", 0),
                Finding::VoiceStopped => ("voice-stopped", 0),
                Finding::Silence => ("silence", 0),
                Finding::ToneStarted(hertz) => ("tone-started", hertz),
                Finding::ToneStopped(duration) => ("tone-stopped", duration),
            };
            (what, command, at, value).into_pyobject(py)
        }
        Notice::Event(Event::Mark { command, name, cleared }) => ("mark", command, name, cleared).into_pyobject(py),
        Notice::Event(Event::Chunk {
            command,
            outbound,
            data,
            ..
        }) => ("chunk", command, PyBytes::new(py, &data), 0, outbound).into_pyobject(py),
        Notice::Chunk(command, data, dropped, outbound) => {
            ("chunk", command, PyBytes::new(py, &data), dropped, outbound).into_pyobject(py)
        }
        Notice::Wanted(command, stream, bytes) => ("wanted", command, stream, bytes).into_pyobject(py),
        Notice::ShardLost(shard, reason) => ("shard-lost", shard, reason).into_pyobject(py),
    }
}

fn result<'py>(py: Python<'py>, outcome: Outcome) -> PyResult<Bound<'py, PyTuple>> {
    match outcome {
        Outcome::Opened { host, port } => ("opened", host, port).into_pyobject(py),
        Outcome::Played { duration, stopped_by } => {
            let stopped_by = stopped_by.map(|by| match by {
                Stop::Key(key) => key.to_string(),
                Stop::Voice => "voice".to_owned(),
            });
            ("played", duration, stopped_by).into_pyobject(py)
        }
        Outcome::Recorded {
            path,
            duration,
            end,
            key,
            reason,
        } => ("recorded", path, duration, recording::end(end), key, reason).into_pyobject(py),
        Outcome::Closed(statistics) => ("closed", figures(py, &statistics)?).into_pyobject(py),
        Outcome::Measured(statistics) => ("measured", figures(py, &statistics)?).into_pyobject(py),
        Outcome::Done => ("done",).into_pyobject(py),
    }
}

// Under the names of `events.Statistics`.
fn figures<'py>(py: Python<'py>, s: &Statistics) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, count) in [
        ("packets_sent", s.packets_sent),
        ("packets_received", s.packets_received),
        ("packets_lost", s.packets_lost),
        ("packets_late", s.packets_late),
        ("packets_duplicate", s.packets_duplicate),
        ("packets_refused", s.packets_refused),
        ("concealed", s.concealed),
        ("delay", u64::from(s.delay)),
    ] {
        dict.set_item(name, count)?;
    }
    dict.set_item("far_lost", s.far_lost)?;
    dict.set_item("jitter", s.jitter)?;
    for (name, value) in [
        ("round_trip", s.round_trip),
        ("drift", s.drift),
        ("far_jitter", s.far_jitter),
        ("r_factor", s.r_factor),
        ("mos", s.r_factor.map(mos)),
        ("far_r_factor", s.far_r_factor),
        ("far_mos", s.far_r_factor.map(mos)),
    ] {
        dict.set_item(name, value)?;
    }
    dict.set_item("codec_sent", s.codec_sent.map(Codec::name))?;
    dict.set_item("codec_received", s.codec_received.map(Codec::name))?;
    Ok(dict)
}

/// A sound file as 16-bit samples of one channel, and their rate.
#[pyfunction]
fn decode<'py>(py: Python<'py>, data: PyBackedBytes, longest: usize) -> PyResult<(Bound<'py, PyBytes>, u32)> {
    let bytes = std::io::Cursor::new(Lent(data));
    let decoded = py.detach(|| catch_unwind(AssertUnwindSafe(|| offhook_media_decode::decode(bytes, longest))));
    let decoded = decoded.map_err(|_| PyValueError::new_err("cannot be decoded"))?;
    let piece = decoded.map_err(|refused| PyValueError::new_err(refused.0))?;
    let samples: Vec<u8> = piece.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    Ok((PyBytes::new(py, &samples), piece.rate))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode, module)?)?;
    module.add_class::<Engine>()
}

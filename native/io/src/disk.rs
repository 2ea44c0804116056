//! The writer: one thread that puts recordings on disk, so that a slow disk never delays a tick.
//!
//! At most `MOST_WAITING` bytes wait; what exceeds them is lost and silence of its length is written in its place.
//! Files are created, completed and closed whatever waits. A header is rewritten with each second block (half a second).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{unbounded, Receiver, Sender};
use offhook_media_core::world::{FileId, FileWrite, Written};
use offhook_media_core::{wav, RATE};

use crate::metrics::SharedMetrics;

const MOST_WAITING: usize = 64 << 20;

/// The shards' end of the writer's queue.
#[derive(Debug, Clone)]
pub struct Disk {
    queue: Sender<FileWrite>,
    waiting: Arc<AtomicUsize>,
    metrics: Arc<SharedMetrics>,
}

struct Recording {
    file: File,
    channels: u16,
    samples: u64,
    before: u64,
    blocks: u64,
    written: Written,
}

impl Disk {
    /// Starts the thread; it ends when the last clone is dropped.
    pub fn start(metrics: Arc<SharedMetrics>) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, orders) = unbounded();
        let waiting = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("offhook-writer".into())
            .spawn(move || write_all(&orders, &shared))?;
        Ok((
            Self {
                queue,
                waiting,
                metrics,
            },
            thread,
        ))
    }

    /// Queues an order; `false` when samples are lost.
    pub fn write(&self, write: FileWrite) -> bool {
        if let FileWrite::Append { samples, .. } = &write {
            let bytes = samples.len() * 2;
            if self.waiting.load(Relaxed) + bytes > MOST_WAITING {
                self.metrics.samples_dropped.fetch_add(samples.len() as u64, Relaxed);
                return false;
            }
            self.waiting.fetch_add(bytes, Relaxed);
        }
        // Without a writer there is nobody to tell, either.
        self.queue.send(write).is_ok()
    }
}

fn write_all(orders: &Receiver<FileWrite>, waiting: &AtomicUsize) {
    let mut files: HashMap<FileId, Recording> = HashMap::new();
    for order in orders {
        match order {
            FileWrite::Open {
                file,
                path,
                channels,
                goes_on,
                written,
            } => match open(&path, channels, goes_on, &written) {
                Ok(recording) => {
                    files.insert(file, recording);
                }
                Err(error) => tell(&written, Err(format!("cannot record to {path}: {error}"))),
            },
            FileWrite::Append { file, samples, missing } => {
                waiting.fetch_sub(samples.len() * 2, Relaxed);
                if let Some(recording) = files.get_mut(&file) {
                    if let Err(error) = recording.append(&samples, missing) {
                        tell(
                            &recording.written,
                            Err(format!("the recording cannot be written: {error}")),
                        );
                        files.remove(&file);
                    }
                }
            }
            FileWrite::Finish { file, keep } => {
                if let Some(mut recording) = files.remove(&file) {
                    let outcome = recording.finish(keep);
                    tell(
                        &recording.written,
                        outcome.map_err(|e| format!("the recording cannot be completed: {e}")),
                    );
                }
            }
        }
    }
    // The engine is closing: what was heard stays readable.
    for recording in files.values_mut() {
        let _ = recording.header();
    }
}

fn tell(written: &Written, outcome: Result<u64, String>) {
    // Told once; a second failure adds nothing.
    let _ = written.set(outcome);
}

fn open(path: &str, channels: u16, goes_on: bool, written: &Written) -> io::Result<Recording> {
    // What callers said is nobody else's business.
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(!goes_on)
        .mode(0o600)
        .open(path)?;
    let bytes = file.metadata()?.len().saturating_sub(wav::HEADER as u64);
    let before = bytes / (2 * u64::from(channels));
    let mut recording = Recording {
        file,
        channels,
        samples: before,
        before,
        blocks: 0,
        written: Arc::clone(written),
    };
    recording.header()?;
    recording.file.seek(SeekFrom::Start(recording.size()))?;
    Ok(recording)
}

impl Recording {
    fn append(&mut self, samples: &[i16], missing: usize) -> io::Result<()> {
        let mut bytes = vec![0; missing * 2];
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        self.file.write_all(&bytes)?;
        self.samples += ((missing + samples.len()) / usize::from(self.channels)) as u64;
        self.blocks += 1;
        if self.blocks % 2 == 0 {
            self.header()?;
        }
        Ok(())
    }

    fn header(&mut self) -> io::Result<()> {
        self.file
            .write_all_at(&wav::header(self.channels, RATE, self.samples), 0)
    }

    fn size(&self) -> u64 {
        wav::HEADER as u64 + self.samples * 2 * u64::from(self.channels)
    }

    fn finish(&mut self, keep: u64) -> io::Result<u64> {
        let keep = self.before.saturating_add(keep);
        if keep < self.samples {
            self.samples = keep;
            self.file.set_len(self.size())?;
        }
        self.header()?;
        Ok(self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> String {
        let name = format!("offhook-disk-{}-{name}.wav", std::process::id());
        std::env::temp_dir().join(name).to_string_lossy().into_owned()
    }

    fn open(file: FileId, path: &str, written: &Written) -> FileWrite {
        FileWrite::Open {
            file,
            path: path.into(),
            channels: 1,
            goes_on: file > 1,
            written: Arc::clone(written),
        }
    }

    fn run(writes: Vec<FileWrite>) {
        let (disk, thread) = Disk::start(Arc::default()).expect("a thread");
        writes.into_iter().for_each(|write| assert!(disk.write(write)));
        drop(disk);
        thread.join().expect("no panic");
    }

    #[test]
    fn lost_samples_become_silence_and_the_end_is_cut() {
        let (path, written) = (path("cut"), Written::default());
        run(vec![
            open(1, &path, &written),
            FileWrite::Append {
                file: 1,
                samples: vec![5; 4],
                missing: 0,
            },
            FileWrite::Append {
                file: 1,
                samples: vec![6; 4],
                missing: 2,
            },
            FileWrite::Finish { file: 1, keep: 8 },
        ]);
        let bytes = io::Cursor::new(std::fs::read(&path).expect("a file"));
        let wav = offhook_media_decode::decode(bytes, 100).expect("a recording");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(wav.samples, [5, 5, 5, 5, 0, 0, 6, 6]);
        assert_eq!(written.get(), Some(&Ok(8)));
    }

    #[test]
    fn a_recording_goes_on_where_it_ended() {
        let (path, written) = (path("goes-on"), [Written::default(), Written::default()]);
        let parts = [1, 2].map(|file| {
            let samples = vec![i16::try_from(file).expect("small"); 3];
            [
                open(file, &path, &written[file as usize - 1]),
                FileWrite::Append {
                    file,
                    samples,
                    missing: 0,
                },
                FileWrite::Finish { file, keep: 2 },
            ]
        });
        run(parts.into_iter().flatten().collect());
        let wav = offhook_media_decode::decode(File::open(&path).expect("a file"), 100).expect("a recording");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(wav.samples, [1, 1, 2, 2]);
        assert_eq!(written.map(|w| w.get().cloned()), [Some(Ok(2)), Some(Ok(4))]);
    }

    #[test]
    fn a_recording_that_nobody_completes_is_readable() {
        let (path, written) = (path("left"), Written::default());
        run(vec![
            open(1, &path, &written),
            FileWrite::Append {
                file: 1,
                samples: vec![5; 4],
                missing: 0,
            },
        ]);
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(bytes[40..44], 8u32.to_le_bytes());
    }

    #[test]
    fn a_file_that_cannot_be_made_says_why() {
        let written = Written::default();
        run(vec![
            open(1, "/nowhere/a.wav", &written),
            FileWrite::Finish { file: 1, keep: 0 },
        ]);
        assert!(matches!(written.get(), Some(Err(reason)) if reason.starts_with("cannot record to /nowhere/a.wav")));
    }
}

//! One recording's file: readable at every moment, whatever its format, and cut to what is to be kept.
//!
//! A WAV file's header is rewritten with each second block (half a second); Ogg pages are half a second long. So a crash
//! costs less than a second, blocks that wait for the disk apart.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use offhook_media_core::ogg_page;
use offhook_media_core::opus_file::OpusFile;
use offhook_media_core::tape::{Form, Format};
use offhook_media_core::wav;

/// Bytes of a page's header and segment table, at most.
const PAGE_HEAD: usize = ogg_page::HEADER + 255;

/// A file while it is written.
#[derive(Debug)]
pub struct RecordingFile {
    file: File,
    form: Form,
    opus: Option<Box<OpusFile>>,
    /// Bytes that are whole.
    size: u64,
    /// Where what is written now begins, and how many samples there were before.
    start: u64,
    before: u64,
    samples: u64,
    blocks: u64,
}

impl RecordingFile {
    /// Creates it, or empties what is there, or with `goes_on` begins where that ends: an Ogg file then is a chain of streams,
    /// which `serial` tells apart (RFC 3533).
    pub fn open(path: &str, form: Form, goes_on: bool, serial: u32) -> io::Result<Self> {
        // What callers said is nobody else's business.
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(!goes_on)
            .mode(0o600)
            .open(path)?;
        let (opus, head) = match form.format {
            Format::Wav => (None, wav::header(form.channels, form.rate, 0).to_vec()),
            Format::Opus => {
                let refused = || io::Error::other(format!("Opus has no rate of {} Hz", form.rate));
                let (opus, head) = OpusFile::new(form.channels, form.rate, serial).ok_or_else(refused)?;
                (Some(Box::new(opus)), head)
            }
        };
        let there = file.metadata()?.len();
        let mut opened = Self {
            file,
            form,
            opus,
            size: there,
            start: there,
            before: 0,
            samples: 0,
            blocks: 0,
        };
        if there > 0 {
            opened.before = opened.held()?;
        }
        if there > 0 && opened.opus.is_none() {
            opened.size = opened.wav_size(opened.before);
            opened.file.seek(SeekFrom::Start(opened.size))?;
        } else {
            opened.file.seek(SeekFrom::Start(there))?;
            opened.put(&head)?;
        }
        Ok(opened)
    }

    /// Samples per channel in a file that is gone on with.
    fn held(&self) -> io::Result<u64> {
        let Some(opus) = &self.opus else {
            return Ok(self.size.saturating_sub(wav::HEADER as u64) / (2 * u64::from(self.form.channels)));
        };
        let (lead, units) = (opus.position(0), opus.position(1) - opus.position(0));
        let (mut at, mut position, mut held) = (0, 0, 0);
        while at < self.size {
            let end = self.page(at)?;
            if end.first {
                held += position;
            }
            position = end.granule.saturating_sub(lead);
            at += end.length as u64;
        }
        Ok((held + position) / units)
    }

    fn wav_size(&self, samples: u64) -> u64 {
        wav::HEADER as u64 + samples * 2 * u64::from(self.form.channels)
    }

    /// Appends samples (interleaved), after silence in place of the `missing` ones.
    pub fn append(&mut self, samples: &[i16], missing: usize) -> io::Result<()> {
        let mut bytes = Vec::new();
        if let Some(opus) = &mut self.opus {
            if missing > 0 {
                opus.append(&vec![0; missing], &mut bytes);
            }
            opus.append(samples, &mut bytes);
        } else {
            bytes.resize(missing * 2, 0);
            bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        }
        self.put(&bytes)?;
        self.samples += ((missing + samples.len()) / usize::from(self.form.channels)) as u64;
        self.blocks += 1;
        if self.blocks.is_multiple_of(2) {
            self.tell_length()?;
        }
        Ok(())
    }

    /// Completes it with the first `keep` samples per channel besides those that were there before; returns how many there are.
    pub fn finish(&mut self, keep: u64) -> io::Result<u64> {
        let cut = keep < self.samples;
        self.samples = self.samples.min(keep);
        if let Some(opus) = &mut self.opus {
            let mut bytes = Vec::new();
            opus.finish(&mut bytes);
            let end = opus.position(self.samples);
            self.put(&bytes)?;
            if cut {
                self.cut(end)?;
            }
        } else if cut {
            self.size = self.wav_size(self.before + self.samples);
            self.file.set_len(self.size)?;
        }
        self.tell_length()?;
        Ok(self.before + self.samples)
    }

    /// Leaves what is whole, after a write has failed; returns the samples per channel that can be read.
    pub fn salvage(&mut self) -> io::Result<u64> {
        self.file.set_len(self.size)?;
        if let Some(opus) = &self.opus {
            let (lead, units) = (opus.position(0), opus.position(1) - opus.position(0));
            let (mut last, mut at) = (self.start, self.start);
            while at < self.size {
                last = at;
                at += self.page(at)?.length as u64;
            }
            let end = self.page(last)?;
            self.make_last(last, end, end.granule)?;
            self.samples = end.granule.saturating_sub(lead) / units;
        } else {
            let whole = self.size.saturating_sub(wav::HEADER as u64) / (2 * u64::from(self.form.channels));
            self.samples = whole.saturating_sub(self.before);
        }
        self.tell_length()?;
        Ok(self.before + self.samples)
    }

    /// Makes the header say how much there is, where the format has that there.
    pub fn tell_length(&mut self) -> io::Result<()> {
        if self.opus.is_none() {
            let header = wav::header(self.form.channels, self.form.rate, self.before + self.samples);
            self.file.write_all_at(&header, 0)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Ends an Ogg stream at a position within it: on the page that holds it, which becomes the last (RFC 7845 section 4.4).
    fn cut(&mut self, position: u64) -> io::Result<()> {
        let mut at = self.start;
        loop {
            let end = self.page(at)?;
            let next = at + end.length as u64;
            if end.granule >= position && !end.first || next >= self.size {
                self.make_last(at, end, position)?;
                self.size = next;
                return self.file.set_len(next);
            }
            at = next;
        }
    }

    fn page(&self, at: u64) -> io::Result<ogg_page::End> {
        let mut head = Vec::with_capacity(PAGE_HEAD);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        file.take(PAGE_HEAD as u64).read_to_end(&mut head)?;
        ogg_page::end(&head).ok_or_else(|| io::Error::other("the recording's pages are damaged"))
    }

    fn make_last(&self, at: u64, end: ogg_page::End, granule: u64) -> io::Result<()> {
        let mut page = vec![0; end.length];
        self.file.read_exact_at(&mut page, at)?;
        ogg_page::make_last(&mut page, granule);
        self.file.write_all_at(&page, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    fn path(name: &str) -> String {
        let name = format!("offhook-file-{}-{name}", std::process::id());
        std::env::temp_dir().join(name).to_string_lossy().into_owned()
    }

    fn form(format: Format, channels: u16) -> Form {
        Form {
            format,
            channels,
            rate: RATE,
        }
    }

    /// Positions at the ends of the pages of a file, and whether the last says that it is.
    fn pages(path: &str) -> (Vec<u64>, bool) {
        let bytes = std::fs::read(path).expect("a file");
        let (mut at, mut found, mut last) = (0, Vec::new(), false);
        while let Some(end) = ogg_page::end(&bytes[at..]) {
            last = bytes[at + 5] & ogg_page::LAST != 0;
            found.push(end.granule);
            at += end.length;
        }
        assert_eq!(at, bytes.len());
        (found, last)
    }

    #[test]
    fn lost_samples_become_silence_and_the_end_is_cut() {
        let path = path("cut.wav");
        let mut file = RecordingFile::open(&path, form(Format::Wav, 1), false, 1).expect("a file");
        file.append(&[5; 4], 0).expect("written");
        file.append(&[6; 4], 2).expect("written");
        assert_eq!(file.finish(8).expect("complete"), 8);
        let wav =
            offhook_media_decode::decode(std::fs::File::open(&path).expect("a file"), 1_000_000).expect("a recording");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(wav.samples, [5, 5, 5, 5, 0, 0, 6, 6]);
    }

    #[test]
    fn an_opus_file_is_cut_on_the_page_where_it_ends() {
        for keep in [0, 1, 3999, 4000, 11_000, 31_999, u64::MAX] {
            let path = path(&format!("cut-{keep}.ogg"));
            let mut file = RecordingFile::open(&path, form(Format::Opus, 2), false, 1).expect("a file");
            for _ in 0..16 {
                file.append(&[100; 4000], 0).expect("written");
            }
            let kept = keep.min(32_000);
            assert_eq!(file.finish(keep).expect("complete"), kept);
            let lead = file.opus.as_ref().expect("Opus").position(0);
            let (granules, last) = pages(&path);
            std::fs::remove_file(&path).expect("removed");
            assert_eq!((granules.last(), last), (Some(&(lead + kept * 6)), true), "{keep}");
            assert!(granules.is_sorted(), "{granules:?}");
        }
    }

    #[test]
    fn what_is_whole_is_left_when_a_file_can_be_written_no_more() {
        for (format, name, least) in [
            (Format::Wav, "broken.wav", 32_000),
            (Format::Opus, "broken.ogg", 27_900),
        ] {
            let path = path(name);
            let mut file = RecordingFile::open(&path, form(format, 1), false, 1).expect("a file");
            for _ in 0..16 {
                file.append(&[100; 2000], 0).expect("written");
            }
            // As if half a block had still been written.
            file.file.write_all(b"OggS and so on").expect("written");
            let kept = file.salvage().expect("something is left");
            assert!((least..=32_000).contains(&kept), "{name}: {kept}");
            match format {
                Format::Wav => {
                    let wav = offhook_media_decode::decode(std::fs::File::open(&path).expect("a file"), 1_000_000)
                        .expect("a recording");
                    assert_eq!(wav.samples.len() as u64, kept);
                }
                Format::Opus => assert!(pages(&path).1),
            }
            std::fs::remove_file(&path).expect("removed");
        }
    }

    #[test]
    fn a_file_grows_by_half_a_second_at_least_with_each() {
        let path = path("grows.ogg");
        let mut file = RecordingFile::open(&path, form(Format::Opus, 1), false, 1).expect("a file");
        for second in 1..5 {
            for _ in 0..4 {
                file.append(&[100; 2000], 0).expect("written");
            }
            let (granules, _) = pages(&path);
            assert!(granules.last() >= Some(&(second * 48_000 - 24_000)), "{granules:?}");
        }
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn a_recording_goes_on_where_it_ended() {
        for (format, name) in [(Format::Wav, "goes-on.wav"), (Format::Opus, "goes-on.ogg")] {
            let path = path(name);
            for part in 1..=3 {
                let mut file = RecordingFile::open(&path, form(format, 2), part > 1, part).expect("a file");
                file.append(&[100; 8000], 0).expect("written");
                assert_eq!(file.finish(3000).expect("complete"), u64::from(part) * 3000, "{name}");
            }
            if format == Format::Wav {
                let wav = offhook_media_decode::decode(std::fs::File::open(&path).expect("a file"), 1_000_000)
                    .expect("a recording");
                assert_eq!(wav.samples, [100; 9000]);
            }
            std::fs::remove_file(&path).expect("removed");
        }
    }
}

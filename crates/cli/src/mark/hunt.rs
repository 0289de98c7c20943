//! `forewarn mark hunt`: members' values in traffic, logs and listings.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::Args;
use engine::progress::Progress as _;
use mark::{
    hunt::{ConstantSeen, Encoding, Hit, HuntEvidence, HuntReport, Hunter, Stream},
    master::SiteId,
};
use serde::Serialize;

use super::{
    ClaimArgs, Release, ReleaseArgs,
    capture::{self, Captured},
    declared::Declared,
    load,
};
use crate::{
    args::Common,
    case::count,
    output::{self, Bar},
};

/// Bytes that are hunted through at a time.
const CHUNK: usize = 1 << 18;
/// Bytes that tell what an input is.
const HEAD: u64 = 1 << 12;
/// Compressed files by their first bytes, with what unpacks them.
const PACKED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "gzip -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd -dc"),
    (b"\xfd7zX", "xz -dc"),
    (b"BZh", "bzip2 -dc"),
];

/// Hunt for members' values.
#[derive(Debug, Args)]
pub(crate) struct HuntArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// Logs, listings, captures or folders of them; `-` or nothing is standard input
    input: Vec<PathBuf>,
    /// The bound on accusing any innocent member, by this hunt as a whole
    #[arg(long, default_value_t = 1e-6, allow_hyphen_values = true)]
    epsilon: f64,
    #[command(flatten)]
    claim: ClaimArgs,
}

pub(super) fn hunt(common: &Common, args: &HuntArgs) -> anyhow::Result<()> {
    let release = load(&args.release)?;
    let inputs = inputs(&args.input)?;
    let claim = release.claim(&args.claim, &args.release.key, &args.input, args.epsilon)?;
    let Release { master, codebook, members, .. } = release;
    let mut hunter = Hunter::new(&master, &codebook, &members, args.epsilon)?;
    let bar = Bar::new();
    bar.begin("hunting (bytes)", inputs.iter().map(|input| input.size).sum());
    let mut sources = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let at = || format!("`{}`", input.name);
        let captured = through(input, number, &mut hunter, &bar).with_context(at)?;
        let (packets, cut) = captured.map_or((None, None), |captured| (Some(captured.packets), captured.cut));
        sources.push(Source { name: &input.name, packets, cut });
    }
    bar.end();
    let report = hunter.finish();
    let said = Said::of(&sources, &report, &claim);
    if common.json {
        return output::json(&said);
    }
    tell(&said)
}

/// One input; `path` is nothing for standard input, whose size is not known.
struct Input {
    name: String,
    path: Option<PathBuf>,
    size: u64,
}

/// Lists the files that are meant, folders' files in order, and refuses those that would hide what they hold.
fn inputs(given: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut standard = given.is_empty();
    for path in given {
        if path.as_os_str() == "-" {
            standard = true;
            continue;
        }
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            let at = || format!("`{}`", path.display());
            if path.is_dir() {
                let inside = fs::read_dir(&path).with_context(at)?;
                let mut inside: Vec<PathBuf> =
                    inside.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().with_context(at)?;
                inside.sort_by(|one, next| next.cmp(one));
                waiting.append(&mut inside);
                continue;
            }
            let size = fs::metadata(&path).with_context(at)?.len();
            let (head, _) = head(File::open(&path).with_context(at)?).with_context(at)?;
            unpacked(&head).with_context(at)?;
            inputs.push(Input { name: path.display().to_string(), path: Some(path), size });
        }
    }
    if standard {
        inputs.push(Input { name: String::from("-"), path: None, size: 0 });
    }
    Ok(inputs)
}

fn through(
    input: &Input,
    number: usize,
    hunter: &mut Hunter<'_>,
    bar: &Bar,
) -> anyhow::Result<Option<Captured>> {
    let reader: Box<dyn Read + Send> = match &input.path {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    let (start, rest) = head(reader)?;
    unpacked(&start)?;
    let is_capture = capture::is_capture(&start);
    let mut reader = io::Cursor::new(start).chain(rest);
    let step = |read: usize| bar.step(u64::try_from(read).unwrap_or(u64::MAX));
    if is_capture {
        return capture::hunt(reader, number, hunter, step).map(Some);
    }
    let mut stream = Stream::new(number);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        hunter.feed(&mut stream, chunk.get(..read).unwrap_or_default());
        step(read);
    }
    hunter.end(stream);
    Ok(None)
}

/// Takes the first bytes off an input, or all of it when there are fewer: enough for a capture's header, which
/// must come in one read.
fn head<R: Read>(mut input: R) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head, input))
}

fn unpacked(head: &[u8]) -> anyhow::Result<()> {
    if let Some((_, unpack)) = PACKED.iter().find(|(magic, _)| head.starts_with(magic)) {
        bail!(
            "is compressed, and nothing can be found in it: unpack it, `{unpack} FILE | forewarn mark hunt … -`"
        );
    }
    Ok(())
}

/// What a hunt came to, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The values come from the copy of each accused member.
    Attributed,
    /// There are hits, and they do not weigh enough.
    Inconclusive,
    /// No hit.
    NothingFound,
}

/// What was hunted through.
#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    /// Of a capture.
    packets: Option<u64>,
    /// Why a capture was not read to its end.
    cut: Option<String>,
}

/// A hit in the words of the input.
#[derive(Serialize)]
struct Found<'a> {
    input: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    /// In the file, or in what the packet carried.
    offset: u64,
    length: usize,
    member: &'a str,
    constant: &'a SiteId,
    encodings: &'a [Encoding],
}

/// What a hunt says, as JSON.
#[derive(Serialize)]
struct Said<'a> {
    outcome: Outcome,
    accused: &'a [String],
    members: &'a [HuntEvidence],
    epsilon: f64,
    population: usize,
    threshold_log10_e: f64,
    others_log10_e: f64,
    hunter: &'a str,
    claim: &'a Declared,
    bytes: u64,
    inputs: &'a [Source<'a>],
    constants: &'a [ConstantSeen],
    hit_count: u64,
    hits: Vec<Found<'a>>,
}

impl<'a> Said<'a> {
    fn of(sources: &'a [Source<'a>], report: &'a HuntReport, claim: &'a Declared) -> Self {
        let outcome = match (report.accused.is_empty(), report.hit_count) {
            (false, _) => Outcome::Attributed,
            (true, 1..) => Outcome::Inconclusive,
            (true, 0) => Outcome::NothingFound,
        };
        let mut hits: Vec<&Hit> = report.hits.iter().collect();
        // Connections of one capture end in no order that a reader cares for.
        hits.sort_by_key(|hit| (hit.source, hit.record, hit.offset));
        let found = hits.into_iter().filter_map(|hit| {
            let source = sources.get(hit.source)?;
            let packet = source.packets.map(|_| hit.record);
            Some(Found {
                input: source.name,
                line: packet.is_none().then_some(hit.line),
                packet,
                offset: hit.offset,
                length: hit.length,
                member: &hit.member,
                constant: &hit.site,
                encodings: &hit.encodings,
            })
        });
        Said {
            outcome,
            accused: &report.accused,
            members: &report.members,
            epsilon: report.epsilon,
            population: report.population,
            threshold_log10_e: report.threshold_log10_e,
            others_log10_e: report.others_log10_e,
            hunter: &report.hunter,
            claim,
            bytes: report.bytes,
            inputs: sources,
            constants: &report.constants,
            hit_count: report.hit_count,
            hits: found.collect(),
        }
    }
}

fn tell(said: &Said<'_>) -> anyhow::Result<()> {
    if !said.hits.is_empty() {
        let rows = said.hits.iter().map(|hit| {
            let place = match (hit.line, hit.packet) {
                (_, Some(packet)) => format!("packet {packet}"),
                (line, None) => format!("line {}", line.unwrap_or(1)),
            };
            let behind: Vec<&str> = hit.encodings.iter().map(|encoding| word(*encoding)).collect();
            let (input, member) = (hit.input.to_owned(), hit.member.to_owned());
            vec![input, place, hit.offset.to_string(), member, hit.constant.0.clone(), behind.join(", ")]
        });
        output::table(
            false,
            &said.hits,
            &["input", "where", "offset", "member", "constant", "behind"],
            rows,
        )?;
    }
    output::say(match said.outcome {
        Outcome::Attributed => "attributed: the values come from the copy of",
        Outcome::Inconclusive => "inconclusive: there are hits, and they do not weigh enough",
        Outcome::NothingFound => "nothing found: no member's value is there",
    });
    for evidence in said.members {
        output::say(format_args!(
            "  {}: {}, evidence 10^{:.1} (accuses from 10^{:.1})",
            evidence.member,
            hits(evidence.hits),
            evidence.log10_e,
            said.threshold_log10_e
        ));
    }
    if said.hit_count > u64::try_from(said.hits.len()).unwrap_or(u64::MAX) {
        output::say(format_args!("{} in all; the first of every value are listed", hits(said.hit_count)));
    }
    output::say(format_args!(
        "{} bytes of {} hunted for {} of {}; the chance that any innocent one is accused is at most {:.1e}",
        said.bytes,
        count(said.inputs.len(), "input"),
        count(said.constants.len(), "constant"),
        count(said.population, "member"),
        said.epsilon
    ));
    output::say(&said.claim.says);
    for source in said.inputs {
        if let Some(cut) = &source.cut {
            output::aside(format_args!(
                "`{}` could not be read beyond packet {}: {cut}; what follows was not hunted through",
                source.name,
                source.packets.unwrap_or(0)
            ));
        }
    }
    Ok(())
}

fn hits(hits: u64) -> String {
    count(usize::try_from(hits).unwrap_or(usize::MAX), "hit")
}

fn word(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Escaped => "escapes",
        Encoding::Base64 => "base64",
        Encoding::Hex => "hex",
    }
}

//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Fetches, opens, verifies and acknowledges what an early-warning program gave this member, and reports back.
#[derive(Debug, Parser)]
#[command(name = "forewarn-member", version, propagate_version = true, max_term_width = 110)]
#[command(after_help = "\
Exit codes:
  0  done
  1  failed; the message says what to do
  2  the command line was not understood
  3  `verify` found something that does not fit

Begin with the link that the program sent you:
  forewarn-member enrol 'https://warn.example/enrol#forewarn_enrol_…'   # then read the fingerprints to the program
  forewarn-member fetch
  forewarn-member acknowledge
  forewarn-member verify                                                # offline

Or without a link:
  forewarn-member keygen --out veltrune.agekey          # then give the public keys to the program
  forewarn-member fetch --url https://warn.example --token-file token --identity veltrune.agekey --out ./early")]
pub(crate) struct Cli {
    /// Print JSON instead of sentences
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder that `enrol` keeps keys, token and settings in; otherwise forewarn-member below the user's own
    #[arg(long, global = true, env = "FOREWARN_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Accept an invitation: make keys where there are none, register them, keep the token
    Enrol(EnrolArgs),
    /// Make a key that copies are sealed to, and one to sign with
    Keygen(KeygenArgs),
    /// Fetch, open and verify every copy that may be had now
    Fetch(FetchArgs),
    /// Open one sealed copy
    Open(OpenArgs),
    /// Check a folder of fetched copies, offline
    Verify(VerifyArgs),
    /// Sign that copies were opened; their receipts hold the signature from then on
    Acknowledge(AcknowledgeArgs),
    /// Report something seen outside, that detection covers a case, or a mistake of your own
    #[command(subcommand)]
    Report(ReportVerb),
    /// Tell what the program has on record of this member
    Status(StatusArgs),
}

/// Where the program is, and who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct Server {
    /// The program's address, as in `https://warn.example`
    #[arg(long, env = "FOREWARN_URL")]
    pub(crate) url: Option<String>,
    /// The file with the token that the program issued
    #[arg(long, env = "FOREWARN_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates to trust instead of the public ones, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The client certificate that the token is bound to, PEM
    #[arg(long, env = "FOREWARN_CERTIFICATE", value_name = "FILE", requires = "certificate_key")]
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, env = "FOREWARN_CERTIFICATE_KEY", value_name = "FILE", requires = "certificate")]
    pub(crate) certificate_key: Option<PathBuf>,
    /// Send the token over plain HTTP to another host than this one
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member keygen --out veltrune.agekey

The file is an age identity: `age -d -i` opens copies with it too. The signing key is beside it, as
veltrune.signkey. Keep copies of both; nobody else has them.")]
pub(crate) struct KeygenArgs {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Make the hybrid of ML-KEM-768 and X25519, which a quantum computer does not open; `age` 1.3 and later read it
    #[arg(long)]
    pub(crate) post_quantum: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  forewarn-member fetch --url https://warn.example --token-file token --identity veltrune.agekey --out ./early
  forewarn-member fetch … --watch --exec './to-the-lab.sh'     # runs after each new copy, with FOREWARN_FILE set

What is in the folder already and fits is not fetched again; what broke off goes on where it stopped. The log's
verifier key is pinned with the first fetch: give `--vkey` to pin the one that you were told over another channel.
Every checkpoint that was ever seen is kept, with the proof that the log only grew since.")]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The file with the key that copies are sealed to
    #[arg(long, env = "FOREWARN_IDENTITY", value_name = "KEY")]
    pub(crate) identity: Option<PathBuf>,
    /// The file with the key to sign with, otherwise the one beside the other key; it signs each fetch once the program
    /// has confirmed it
    #[arg(long, env = "FOREWARN_SIGNING_KEY", value_name = "KEY")]
    pub(crate) signing_key: Option<PathBuf>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The log's verifier key
    #[arg(long)]
    pub(crate) vkey: Option<String>,
    /// Go on, and fetch whatever comes
    #[arg(long)]
    pub(crate) watch: bool,
    /// A command to run after each new copy
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member open --identity veltrune.agekey advisory.md.age --out advisory.md")]
pub(crate) struct OpenArgs {
    /// The file with the key that the copy is sealed to
    #[arg(long, env = "FOREWARN_IDENTITY", value_name = "KEY")]
    pub(crate) identity: Option<PathBuf>,
    /// The sealed copy
    pub(crate) sealed: PathBuf,
    /// Where the opened copy goes; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member verify --out ./early

Checks every copy against its receipt, every receipt against the log's key, and every checkpoint that was ever seen
against the ones before it. Nothing is asked of anybody.")]
pub(crate) struct VerifyArgs {
    /// The folder that was fetched to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The log's verifier key, instead of the one that the folder pinned
    #[arg(long)]
    pub(crate) vkey: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member status --url https://warn.example --token-file token")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member enrol 'https://warn.example/enrol#forewarn_enrol_…'

The code in the link is good once. Keys that are in the folder already are registered as they are. They count once
somebody of the program has compared their fingerprints with you over a second channel; `status` tells.")]
pub(crate) struct EnrolArgs {
    /// The link as the program sent it
    pub(crate) link: String,
    /// Certificates to trust instead of the public ones, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Go over plain HTTP to another host than this one
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Make a post-quantum key, where there is none yet
    #[arg(long)]
    pub(crate) post_quantum: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  forewarn-member acknowledge
  forewarn-member acknowledge --url https://warn.example --token-file token --signing-key veltrune.signkey --out ./early

Every copy in the folder is checked against its receipt first. Signed are member, case, item, the grant's entry, the
copy's hash, and size and root of the log; what was acknowledged already is left as it is.")]
pub(crate) struct AcknowledgeArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The file with the key to sign with
    #[arg(long, env = "FOREWARN_SIGNING_KEY", value_name = "KEY")]
    pub(crate) signing_key: Option<PathBuf>,
    /// The folder that was fetched to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What there is to report.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportVerb {
    /// Something was seen outside: a leaked file, an attack, somebody who speaks of it
    #[command(after_help = "\
Example:
  forewarn-member report sighting --case ACME-2026-7 --kind leak --at 2026-12-04T09:30:00Z \\
      --file paste.txt --note \"on a public paste site\"")]
    Sighting {
        #[command(flatten)]
        about: ReportArgs,
        /// What kind of thing
        #[arg(long, value_enum)]
        kind: SightingKind,
        /// What was found; give it again for more, four files at most
        #[arg(long = "file", value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Your detection covers the case
    #[command(after_help = "\
Example:
  forewarn-member report coverage --case ACME-2026-7 --at 2026-12-04T09:30:00Z --note \"rule 4711\"")]
    Coverage {
        #[command(flatten)]
        about: ReportArgs,
    },
    /// You made a mistake: published early, or passed something on
    #[command(after_help = "\
Example:
  forewarn-member report mistake --case ACME-2026-7 --at 2026-12-04T09:30:00Z --note \"rule names shipped\"")]
    Mistake {
        #[command(flatten)]
        about: ReportArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The case it is about
    #[arg(long)]
    pub(crate) case: String,
    /// When it was seen, since when detection covers, when the mistake was made; now when absent
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<String>,
    /// In words, 4000 bytes at most
    #[arg(long, default_value = "")]
    pub(crate) note: String,
}

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SightingKind {
    /// A file that should not be where it was found
    Leak,
    /// The vulnerability used by an attacker
    Exploitation,
    /// Somebody speaks of it
    Mention,
}

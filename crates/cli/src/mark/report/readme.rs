//! The text beside a report: what is in the folder, and how to check it.

use engine::exhibit::pdf::EXTRACTOR;
use evidence::Evidence;

/// Writes the text.
pub(super) fn text(evidence: &Evidence, all: bool) -> String {
    let rows = if all {
        "Everybody's rows are open: every copy of this release can be told apart with them. Its marks are used up."
    } else {
        "Only the rows of accused members are open. Evidence that rests on others' rows cannot be checked without \
         them; `check-evidence` says whose, and takes them with --row."
    };
    let log = if evidence.log.is_some() {
        "\
The entries of the program's log that fixed package, scorer, rows and reading are opened in evidence.json with their
proofs. Give the log's key as you know it: forewarn mark check-evidence . --vkey KEY"
    } else {
        "\
No log stands behind this trace. That the codebook was fixed before the leak is shown by the commitment's root, if you
knew it before: forewarn mark check-evidence . --root ROOT"
    };
    format!(
        "\
What is here
============
index.html      the report, for people
evidence.json   what the numbers are made from ({version}): the reading site by site, how likely each symbol was,
                the constants of the scorer, the commitments, everybody's numbers as decimal logarithms
rows/           what the copy of a member held at each site, with the salt that opens its commitment
SHA256SUMS      hashes of these files, for `sha256sum -c SHA256SUMS`

{rows}

How to check
============
  forewarn mark check-evidence .

computes every number again by plain formulas, from evidence.json and the rows alone, without the key. It shares no code
with what traced. Exit code 0: everything that an accusation rests on holds. 3: something differs, and is named. 4:
nothing differs, and an accusation could not be checked for want of rows.

{log}

That the reading is what the exhibits show can be checked by whoever has the package and the exhibits: reading them again
gives a reading with the hash that evidence.json holds. A PDF among them counts as the text that {extractor} extracts.

What is computed
================
n members held a copy. At a read site, r(own symbol) = P(seen | own symbol) / P(seen) under a model of the leakers; its
mean over an innocent's symbols is 1. e is the mean, over the models of the bank, of the product of r over the sites. At a
site of generated values r = rho + (1-rho)/P for a match, rho otherwise, P = tokens seen / values possible, at least 1/cap.
E joins e with what a row says given those of one or two others:
  E_j = 7/8 (1/2 e_j + 1/2 sum_k w_jk e_j|k) + 1/8 sum_kl v_jkl e_j|kl,
weighted by what others' rows say, never by j's. p is K times the chance that an innocent's score is as high, computed
exactly. A member is accused when E >= 2n/epsilon or p <= epsilon/(2n); then the chance that any innocent member is
accused is at most epsilon.
",
        version = evidence.version,
        extractor = EXTRACTOR,
    )
}

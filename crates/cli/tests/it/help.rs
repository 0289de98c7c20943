//! What the binary says of itself.

use crate::world::Desk;

fn says(args: &[&str]) -> String {
    let ran = Desk::empty().run_with(None, args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    ran.out
}

/// Every verb there is, by walking the lists of commands.
fn verbs() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut at = 0;
    while let Some(verb) = found.get(at).cloned() {
        let help = help_of(&verb);
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in commands.take_while(|line| !line.is_empty()) {
            let name = line.strip_prefix("  ").and_then(|line| line.split(' ').next()).unwrap_or_default();
            if !name.is_empty() && name != "help" {
                found.push([verb.clone(), vec![name.to_owned()]].concat());
            }
        }
        at += 1;
    }
    found
}

fn help_of(verb: &[String]) -> String {
    let args: Vec<&str> = verb.iter().map(String::as_str).chain(["--help"]).collect();
    says(&args)
}

#[test]
fn every_verb_has_help_that_fits_a_terminal() {
    let verbs = verbs();
    assert!(verbs.len() > 45, "{verbs:?}");
    for verb in verbs {
        let help = help_of(&verb);
        assert!(help.contains("Usage: forewarn"), "{verb:?}");
        for line in help.lines() {
            assert!(line.chars().count() <= 110, "{verb:?}: {line}");
        }
    }
}

#[test]
fn every_mark_verb_shows_an_example() {
    let verbs: Vec<Vec<String>> =
        verbs().into_iter().filter(|verb| verb.len() == 2 && verb[0] == "mark").collect();
    assert!(verbs.len() >= 9, "{verbs:?}");
    for verb in verbs {
        let (help, example) = (help_of(&verb), format!("\n  forewarn {} ", verb.join(" ")));
        assert!(help.contains("\nExample:\n") && help.contains(&example), "{verb:?}");
    }
}

#[test]
fn the_examples_in_help_are_command_lines() {
    let mut examples = 0;
    for verb in verbs() {
        let help = help_of(&verb).replace("\\\n", " ");
        for line in help.lines().filter_map(|line| line.strip_prefix("  forewarn ")) {
            let args = words(line.split(" #").next().unwrap_or_default());
            // A key cut short with an ellipsis is the reader's own to fill in.
            let args = args.iter().filter(|word| !word.contains('…'));
            // Asking for help last reads every argument and does nothing.
            let args: Vec<&str> = args.map(String::as_str).chain(["--help"]).collect();
            assert!(says(&args).contains("Usage: forewarn"), "{line}");
            examples += 1;
        }
    }
    assert!(examples > 20, "{examples}");
}

/// Splits a line as a shell does, for the quotes that the examples use.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn help_for_the_binary() {
    insta::assert_snapshot!(says(&["--help"]), @r#"
    Runs a vulnerability early-warning program: who may know what, when, and whose copy leaked.

    A program lives in a data folder. Every change is an entry of its log; two different people approve
    a wave, an embargo's end and a finding.

    Usage: forewarn [OPTIONS] <COMMAND>

    Commands:
      init          Make a new program in an empty folder
      operator      List, add and remove operators
      tier          List and set tiers: lead times and artifact classes
      member        Admit members and keep their records
      case          Open cases, add items, hold embargoes
      wave          Plan, approve and release waves
      explain       Say why a member may or may not have an item, at any instant
      copy          List how far copies have come, export a member's, or check an export
      sighting      Record what was seen outside
      report        Read what members reported, and make sightings of theirs
      trace         Trace a leaked file to the copy it derives from
      ledger        Add up the evidence of every trace, over all cases
      review        Review a member's standing, by two people
      notification  List what members must be told, and record that they were
      publish       Publish a case's advisory at the end of its embargo
      serve         Serve the program over HTTP, and release waves at their instant
      token         Issue, list and revoke the tokens of members' and operators' machines
      passkey       Invite people to register passkeys, list and revoke them
      clock         Confirm the host's clock after it was set
      backup        Copy the program into a folder, and try the copy
      restore       Restore the program from a backup, and accept by two people what is lost
      move          Move the program to PostgreSQL and S3
      doctor        Say whether the program can do its work, and what would keep it from that soon
      verify        Check everything in the data folder against everything else
      log           Read and export the log
      policy        Read the policies, check a set, try one on a scenario
      mark          Use the mark engine alone: keys, lint, render, trace
      completions   Print completions for a shell
      man           Write manual pages, one a verb
      demo          Replay a real early-warning timeline with fictional members, to a traced leak
      help          Print this message or the help of the given subcommand(s)

    Options:
          --data <DIR>
              The program's data folder
              
              [env: FOREWARN_DATA=]

          --as <USER>
              The operator who acts
              
              [env: FOREWARN_USER=]

          --json
              Print JSON instead of tables and sentences

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit codes:
      0  done
      1  refused or failed; nothing was changed, and the message says what to do
      2  the command line was not understood
      3  `verify`, `copy verify`, `doctor` or `mark check-evidence` found something that does not fit,
         `policy prove` a promise that does not hold, `policy diff --strict` something that would open
      4  `mark check-evidence` found nothing wrong, and lacks rows that an accusation rests on

    Begin with:
      forewarn demo --dir ./demo
      forewarn init --data ./program --name "Acme Early Warning" --operator alice --operator bob
    "#);
}

#[test]
fn help_for_members() {
    insta::assert_snapshot!(says(&["member", "--help"]), @r#"
    Admit members and keep their records

    Usage: forewarn member [OPTIONS] <COMMAND>

    Commands:
      apply      Take an application
      vet        Begin to vet an applicant
      decline    Decline an applicant
      admit      Admit an applicant into a tier, under an agreement; where there are criteria, on a
                 sheet two people signed
      criteria   List the program's criteria, or propose others; two people change them
      assess     Record what was found about a criterion; it voids the signatures on the sheet
      sheet      Show a member's criteria sheet: what is met, open or not met, by whom, on what
                 evidence, and who signed
      sign       Sign a member's criteria sheet as it stands; two different people do
      contact    Name whom to reach at a member, preferably a role's address and not a person's
      due        List what lapses soon at the members, most urgent first
      screen     Compare members' names with a sanctions list; a person decides
      screened   Record what came of a screening
      duties     Say which legal duties follow from what is recorded, and why
      add        Admit a member in one go, where the program has no criteria: application, vetting and
                 admission
      list       List the members
      show       Show one member's record
      fact       Record a fact about a member, or withdraw one
      enrol      Invite a member's tool: a link, good once, by which it registers its keys and gets its
                 token
      key        Add a member's age key or signing key, or confirm one after comparing its fingerprint
                 over a second channel
      signature  Say whether a member's fetches must be signed with its confirmed signing key
      agreement  Record that a member signed an agreement
      suspend    Suspend a member, alone and at once: nothing is given to it from now on
      reinstate  Reinstate a suspended or restricted member; takes effect when a second operator says
                 the same
      help       Print this message or the help of the given subcommand(s)

    Options:
          --data <DIR>  The program's data folder [env: FOREWARN_DATA=]
          --as <USER>   The operator who acts [env: FOREWARN_USER=]
          --json        Print JSON instead of tables and sentences
      -h, --help        Print help
      -V, --version     Print version
    "#);
}

#[test]
fn help_for_a_wave_is_scheduled() {
    insta::assert_snapshot!(says(&["wave", "schedule", "--help"]), @r#"
    Schedule a wave relative to the embargo's end; approvals start over

    Usage: forewarn wave schedule [OPTIONS] --tier <TIERS> <CASE> <WAVE>

    Arguments:
      <CASE>  Which case
      <WAVE>  The wave's id

    Options:
          --data <DIR>    The program's data folder [env: FOREWARN_DATA=]
          --lead <LEAD>   How long before the embargo's end, as in 5d or 24h
          --as <USER>     The operator who acts [env: FOREWARN_USER=]
          --at <AT>       The instant instead of a lead; it moves with the embargo's end from then on
          --json          Print JSON instead of tables and sentences
          --tier <TIERS>  A tier that gets it
          --item <ITEMS>  An item of it; without any, all of the case's items
      -h, --help          Print help
      -V, --version       Print version

    Example:
      forewarn wave schedule ACME-2026-7 first --lead 5d --tier validate --tier advance --as alice
    "#);
}

#[test]
fn help_for_a_leak_is_traced() {
    insta::assert_snapshot!(says(&["mark", "trace", "--help"]), @r#"
    Trace leaked files to the member whose copy they derive from

    Usage: forewarn mark trace [OPTIONS] --key <KEY> --members <MEMBERS> <PACKAGE> <LEAK>...

    Arguments:
      <PACKAGE>  A folder; every file in it is an item
      <LEAK>...  What leaked: texts, PDFs, folders or zip archives, read together as one leak (at most 4
                 MiB of text)

    Options:
          --data <DIR>         The program's data folder [env: FOREWARN_DATA=]
          --key <KEY>          The mark key; use a fresh one for every package
          --as <USER>          The operator who acts [env: FOREWARN_USER=]
          --members <MEMBERS>  A file with one member id a line: everybody who gets a copy
          --epsilon <EPSILON>  The bound on accusing any innocent member [default: 0.000001]
          --json               Print JSON instead of tables and sentences
          --claim <FILE>       The claim.json of these copies, if it lies neither beside the key nor
                               beside what was found
          --report <DIR>       Write the report and everything to check it without the key into a folder
                               that is empty or not there
          --open <OPEN>        Whose rows the report opens; `all` opens the codebook of this release
                               [default: accused] [possible values: accused, all]
          --anonymous          Number the members that are not accused in the report instead of naming
                               them
      -h, --help               Print help
      -V, --version            Print version

    Example:
      forewarn mark trace ./package --key release.key --members members.txt paste.txt --json
      forewarn mark trace ./package --key release.key --members members.txt paste.txt --report ./report

    Verdicts: attributed, inconclusive, not_derived. All three are answers, so the exit code is 0.
    "#);
}

#[test]
fn help_for_a_folder_is_verified() {
    insta::assert_snapshot!(says(&["verify", "--help"]), @r#"
    Check everything in the data folder against everything else

    Usage: forewarn verify [OPTIONS]

    Options:
          --data <DIR>  The program's data folder [env: FOREWARN_DATA=]
          --as <USER>   The operator who acts [env: FOREWARN_USER=]
          --json        Print JSON instead of tables and sentences
      -h, --help        Print help
      -V, --version     Print version

    Example:
      forewarn verify --data ./program

    Nothing is changed. Exit code 3 when something does not fit; the table says what.
    "#);
}

#[test]
fn shells_and_manuals_know_every_verb() {
    let desk = Desk::empty();
    for shell in ["bash", "zsh", "fish"] {
        let told = desk.ok(&["completions", shell]);
        assert!(told.contains("break-embargo") && told.contains("token"), "{shell}");
    }
    desk.ok(&["man", "man1"]);
    let pages: Vec<String> = std::fs::read_dir(desk.path("man1"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["forewarn.1", "forewarn-case-break-embargo.1", "forewarn-serve.1"] {
        assert!(pages.iter().any(|known| known == page), "{page} is not among {pages:?}");
    }
}

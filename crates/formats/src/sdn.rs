//! Sanctions lists: the OFAC SDN list with its aliases, or one name a line.
//!
//! **Source:** US Treasury, OFAC, "SDN data formats": `sdn.csv` and `alt.csv` have no header, quote with `"`, write
//! `-0-` for nothing, and end in a control-Z.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

/// Fields of a row of `sdn.csv`.
const SDN_FIELDS: usize = 12;
/// Fields of a row of `alt.csv`.
const ALT_FIELDS: usize = 5;

/// Somebody on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its number on the list; for a plain list, its line.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// What it is, `individual` or `vessel`; empty for an organisation.
    pub kind: String,
    /// The sanctions programs it is listed under.
    pub programs: String,
    /// What the list remarks.
    pub remarks: String,
    /// Its other names.
    pub aliases: Vec<String>,
}

/// A list; never empty, since comparing with nothing would clear everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List(Vec<Listed>);

/// A file that is no list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// Not CSV, or not of this form.
    #[error("line {line}: {why}: give `{file}` as its publisher has it")]
    Row {
        /// In which file.
        file: &'static str,
        /// Where.
        line: u64,
        /// What is wrong there.
        why: String,
    },
    /// Nobody is on it.
    #[error("nobody is on it: get the list again")]
    Empty,
}

impl List {
    /// Reads `sdn.csv`, and `alt.csv` where it is given.
    ///
    /// # Errors
    /// [`ListError`] for a row that has another number of fields, no number or no name, an alias of nobody, or a list
    /// of nobody.
    pub fn sdn(sdn: &[u8], alt: Option<&[u8]>) -> Result<Self, ListError> {
        let mut entries = BTreeMap::new();
        rows("sdn.csv", SDN_FIELDS, sdn, |number, fields| {
            let mut fields = fields.into_iter().skip(1);
            let mut next = || fields.next().unwrap_or_default();
            let (name, kind, programs) = (next(), next(), next());
            let remarks = fields.last().unwrap_or_default();
            if name.is_empty() {
                return Err("has no name");
            }
            let listed = Listed { number, name, kind, programs, remarks, aliases: Vec::new() };
            if entries.insert(number, listed).is_some() {
                Err("has a number that is there already")
            } else {
                Ok(())
            }
        })?;
        if let Some(alt) = alt {
            rows("alt.csv", ALT_FIELDS, alt, |number, fields| {
                let name = fields.into_iter().nth(3).unwrap_or_default();
                let Some(listed) = entries.get_mut(&number) else {
                    return Err("is an alias of nobody on the list");
                };
                if name.is_empty() {
                    return Err("has no name");
                }
                listed.aliases.push(name);
                Ok(())
            })?;
        }
        Self::of(entries.into_values().collect())
    }

    /// Reads one name a line; empty lines and lines that begin with `#` are nobody.
    ///
    /// # Errors
    /// [`ListError::Empty`].
    pub fn plain(bytes: &[u8]) -> Result<Self, ListError> {
        let text = text(bytes);
        let lines = (1..).zip(text.lines().map(str::trim));
        let named = lines.filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
        Self::of(
            named
                .map(|(number, name)| Listed { number, name: name.to_owned(), ..Listed::default() })
                .collect(),
        )
    }

    fn of(entries: Vec<Listed>) -> Result<Self, ListError> {
        if entries.is_empty() { Err(ListError::Empty) } else { Ok(Self(entries)) }
    }

    /// Returns everybody on it, by number.
    #[must_use]
    pub fn entries(&self) -> &[Listed] {
        &self.0
    }
}

fn rows(
    file: &'static str,
    fields: usize,
    bytes: &[u8],
    mut take: impl FnMut(u64, Vec<String>) -> Result<(), &'static str>,
) -> Result<(), ListError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    for record in reader.byte_records() {
        let at = |line, why: String| ListError::Row { file, line, why };
        let record = record.map_err(|error| {
            at(error.position().map_or(0, csv::Position::line), String::from("is no CSV"))
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<String> = record.iter().map(cell).collect();
        // The files end as files did in 1981.
        if let [only] = cells.as_slice()
            && only.trim_matches('\u{1a}').is_empty()
        {
            continue;
        }
        if cells.len() != fields {
            return Err(at(line, format!("has {} fields and not {fields}", cells.len())));
        }
        let number = cells.first().and_then(|cell| cell.parse().ok());
        let number = number.ok_or_else(|| at(line, String::from("does not begin with a number")))?;
        take(number, cells).map_err(|why| at(line, why.to_owned()))?;
    }
    Ok(())
}

fn cell(bytes: &[u8]) -> String {
    match text(bytes).trim() {
        "-0-" => String::new(),
        text => text.to_owned(),
    }
}

/// Older editions of the list are in Latin-1, whose bytes are the first 256 characters.
fn text(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDN: &[u8] = b"36,\"AEROCARIBBEAN AIRLINES\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\
        306,\"BANCO NACIONAL DE CUBA\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"a.k.a. 'BNC'.\"\r\n\x1a\r\n";
    const ALT: &[u8] =
        b"306,220,\"aka\",\"NATIONAL BANK OF CUBA\",-0- \r\n36,12,\"aka\",\"AERO-CARIBBEAN\",-0- \r\n\x1a";

    #[test]
    fn reads_the_list_with_its_aliases() {
        let list = List::sdn(SDN, Some(ALT)).unwrap();
        let [airline, bank] = list.entries() else { panic!("two are listed") };
        assert_eq!(
            (airline.number, airline.name.as_str(), airline.kind.as_str()),
            (36, "AEROCARIBBEAN AIRLINES", "")
        );
        assert_eq!(airline.aliases, ["AERO-CARIBBEAN"]);
        assert_eq!((bank.programs.as_str(), bank.remarks.as_str()), ("CUBA", "a.k.a. 'BNC'."));
        assert_eq!(bank.aliases, ["NATIONAL BANK OF CUBA"]);
    }

    #[test]
    fn refuses_what_is_no_list_and_says_where() {
        let said = |sdn: &[u8], alt: Option<&[u8]>| List::sdn(sdn, alt).unwrap_err().to_string();
        assert!(said(b"", None).contains("nobody is on it"));
        assert!(said(b"\x1a\n", None).contains("nobody is on it"));
        assert!(said(b"<html>\n", None).contains("line 1: has 1 fields and not 12"));
        assert!(said(b"ent_num,b,c,d,e,f,g,h,i,j,k,l\n", None).contains("does not begin with a number"));
        assert!(said(b"1,-0-,c,d,e,f,g,h,i,j,k,l\n", None).contains("has no name"));
        assert!(said(&[SDN, SDN].concat(), None).contains("there already"));
        assert!(said(SDN, Some(b"36,1,aka\n")).contains("line 1: has 3 fields and not 5: give `alt.csv`"));
        assert!(said(SDN, Some(b"37,1,aka,X,-0-\n")).contains("alias of nobody"));
        // A list cut short in the middle of a row is not a shorter list.
        assert!(said(&SDN[..110], None).contains("fields and not 12"));
    }

    #[test]
    fn reads_older_editions_too() {
        let list = List::sdn(b"1,\"SOCI\xc9T\xc9\",-0-,X,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n", None).unwrap();
        assert_eq!(list.entries()[0].name, "SOCIÉTÉ");
    }

    #[test]
    fn a_plain_list_has_a_name_a_line() {
        let list = List::plain("# ours\n\n Kestrel Ltd \nOther\n".as_bytes()).unwrap();
        let named: Vec<_> =
            list.entries().iter().map(|listed| (listed.number, listed.name.as_str())).collect();
        assert_eq!(named, [(3, "Kestrel Ltd"), (4, "Other")]);
        assert_eq!(List::plain(b"# nobody\n"), Err(ListError::Empty));
    }
}

//! The text that a signature of an HTTP message is over.
//!
//! **Source:** RFC 9421, section 2.5; RFC 9651 for how what is covered is written.

use std::collections::BTreeSet;

use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry, Parser};

use crate::Signature;

/// What a signature covers, in order, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Covered(InnerList);

impl Covered {
    /// Reads what stands behind a label of `Signature-Input`; nothing for what is not written as RFC 9651 writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let list: Vec<ListEntry> = Parser::new(text).parse().ok()?;
        let Ok([ListEntry::InnerList(list)]) = <[ListEntry; 1]>::try_from(list) else { return None };
        let covered = Self(list);
        // What is logged is this text: there is one for each signature.
        (covered.text().as_deref() == Some(text)).then_some(covered)
    }

    /// Finds the one signature with a tag among those of a request; what is covered, and the signature.
    pub(crate) fn tagged(input: &str, signatures: &str, tag: &str) -> Option<(Self, Signature)> {
        let inputs: Dictionary = Parser::new(input).parse().ok()?;
        let mut tagged = inputs.into_iter().filter_map(|(label, entry)| match entry {
            ListEntry::InnerList(list) => Some((label, Self(list))).filter(|(_, it)| it.tag() == Some(tag)),
            ListEntry::Item(_) => None,
        });
        let (Some((label, covered)), None) = (tagged.next(), tagged.next()) else { return None };
        let mut signatures: Dictionary = Parser::new(signatures).parse().ok()?;
        match signatures.swap_remove(&label)? {
            ListEntry::Item(item) => match item.bare_item {
                BareItem::ByteSequence(bytes) => Some((covered, Signature::from_bytes(&bytes)?)),
                _ => None,
            },
            ListEntry::InnerList(_) => None,
        }
    }

    /// Writes it as it stands in `Signature-Input` and in the last line of what is signed.
    pub(crate) fn text(&self) -> Option<String> {
        vec![ListEntry::InnerList(self.0.clone())].serialize()
    }

    /// Returns the names of what is covered; nothing where one has a parameter, or stands there twice.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        let mut seen = BTreeSet::new();
        self.0
            .items
            .iter()
            .map(|item| match &item.bare_item {
                BareItem::String(text) if item.params.is_empty() && seen.insert(text.as_str()) => {
                    Some(text.as_str())
                }
                _ => None,
            })
            .collect()
    }

    /// Returns a parameter that is a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.0.params.get(name)? {
            BareItem::Integer(number) => Some((*number).into()),
            _ => None,
        }
    }

    /// Returns a parameter that is a string.
    pub(crate) fn string(&self, name: &str) -> Option<&str> {
        match self.0.params.get(name)? {
            BareItem::String(text) => Some(text.as_str()),
            _ => None,
        }
    }

    fn tag(&self) -> Option<&str> {
        self.string("tag")
    }

    /// Writes what is signed, with the value of each name; nothing when one has none, or one that could pass as two
    /// lines.
    pub(crate) fn base(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut base = String::new();
        for name in self.names()? {
            let value = value(name).filter(|value| !value.contains(char::is_control))?;
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {}", self.text()?));
        Some(base)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{MemberSigner, digest::lower_hex};

    /// RFC 9421, appendix B.2.6, with the key of appendix B.1.4.
    const INPUT: &str = r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    const SIGNATURE: &str =
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    const SECRET: &str = "9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5";
    const PUBLIC: &str = "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb";

    fn value(name: &str) -> Option<String> {
        let value = match name {
            "date" => "Tue, 20 Apr 2021 02:07:55 GMT",
            "@method" => "POST",
            "@path" => "/foo",
            "@authority" => "example.com",
            "content-type" => "application/json",
            "content-length" => "18",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_standard_s_own_example_is_made_and_verified() {
        let covered = Covered::parse(INPUT.split_once('=').unwrap().1).unwrap();
        let base = covered.base(value).unwrap();
        assert_eq!(
            base,
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\
             \"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n\
             \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \
             \"content-length\");created=1618884473;keyid=\"test-key-ed25519\""
        );
        let signer = MemberSigner::from_random(&lower_hex(SECRET).unwrap());
        let given = SIGNATURE.split(':').nth(1).unwrap().parse::<Signature>().unwrap();
        assert_eq!(signer.sign(base.as_bytes()), given);
        assert!(signer.verifier().signed(base.as_bytes(), &given));
        assert_eq!(hex::encode(signer.verifier().to_bytes()), PUBLIC);
        let other = base.replace("/foo", "/bar");
        assert!(!signer.verifier().signed(other.as_bytes(), &given));
    }

    #[test]
    fn the_one_signature_with_the_tag_is_found_among_others() {
        let ours = r#"ours=("@method");tag="forewarn-fetch""#;
        let signature = SIGNATURE.replace("sig-b26", "ours");
        let both = (format!("{INPUT}, {ours}"), format!("{SIGNATURE}, {signature}"));
        let found = |input: &str, signatures: &str| Covered::tagged(input, signatures, "forewarn-fetch");
        assert!(found(&both.0, &both.1).is_some());
        assert!(found(INPUT, SIGNATURE).is_none(), "another tag");
        assert!(found(&both.0, SIGNATURE).is_none(), "no signature of that label");
        assert!(
            found(&format!("{ours}, {}", ours.replace("ours=", "more=")), &both.1).is_none(),
            "two of it"
        );
        for bad in ["", "ours", "ours=1", "ours=:AAAA:", "ours=(:AAAA:)", "ours=::"] {
            assert!(found(ours, bad).is_none(), "{bad}");
            assert!(found(bad, &signature).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_signed() {
        for bad in [
            r#"("@method" "@method")"#,
            r#"("@method";req)"#,
            r#"(@method)"#,
            r#"("date" 1)"#,
            r#"("date" "unknown")"#,
        ] {
            let base = Covered::parse(bad).and_then(|covered| covered.base(value));
            assert_eq!(base, None, "{bad}");
        }
        let one = Covered::parse(r#"("date")"#).unwrap();
        assert_eq!(one.base(|_| Some(String::from("x\n\"@path\": /bar"))), None);
        for other in
            [r#"( "date")"#, r#"("date") "#, r#"("date"),("date")"#, r#"("date");a=1;a=1"#, "\"date\""]
        {
            assert_eq!(Covered::parse(other), None, "{other}: another spelling, or another thing");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(input in "\\PC{0,60}", signatures in "[a-z(\")=:; ]{0,40}") {
            let _ = Covered::parse(&input);
            prop_assert!(Covered::tagged(&input, &signatures, "forewarn-fetch").is_none());
        }
    }
}

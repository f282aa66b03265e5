//! What a flow says about its documents: which of several schemas judges one, where it lies in an envelope, how many a file holds,
//! what becomes of a DOCTYPE, which file stands for an address that a schema imports.

use std::fs;

use crate::common::world::World;

const ENVELOPE: &str = r###"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:envelope" elementFormDefault="qualified">
  <xs:element name="Envelope"><xs:complexType><xs:sequence>
    <xs:element name="Sender" type="xs:token"/>
    <xs:any namespace="##other" processContents="lax" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"###;

/// A small order in a namespace of its own, by profile.
fn schema(extra: &str) -> String {
    format!(
        r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:note" elementFormDefault="qualified">
  <xs:element name="Note"><xs:complexType><xs:sequence>
    <xs:element name="Profile" type="xs:token"/>
    <xs:element name="Number" type="xs:token"/>
    <xs:element name="Name" type="xs:token"/>{extra}
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"#
    )
}

fn note(profile: &str, number: &str, extra: &str) -> String {
    format!(
        "<Note xmlns=\"urn:example:note\"><Profile>{profile}</Profile><Number>{number}</Number><Name>Harbour {number}</Name>{extra}</Note>"
    )
}

/// A world with a flow that takes notes; `keys` go to its top, `tables` to its end.
async fn world(keys: &str, tables: &str) -> World {
    let world = World::embedded().await;
    let write = |path: &str, text: &str| fs::write(world.workspace().join(path), text).expect("written");
    write("schemas/envelope.xsd", ENVELOPE);
    write("schemas/basic.xsd", &schema(""));
    write("schemas/full.xsd", &schema("\n    <xs:element name=\"Town\" type=\"xs:token\"/>"));
    write(
        "mappings/notes.toml",
        "document = \"basic.xsd\"\neach     = \"/Note\"\nmodel    = \"res.partner\"\nidentity = [\"ref\"]\n\n[namespaces]\ndefault = \"urn:example:note\"\n\n[fields]\nref  = \"Number\"\nname = \"Name\"\n",
    );
    write(
        "flows/notes-in.toml",
        &format!(
            "direction = \"in\"\npartner = \"nordwind\"\nfolder = \"out/notes\"\nmapping = \"mappings/notes.toml\"\nschedule = \"manual\"\nstable_for = \"0s\"\n{keys}\n\n{tables}"
        ),
    );
    fs::create_dir_all(world.partner.join("out/notes")).expect("a folder");
    world
}

fn judge(world: &World, document: &str, exit: i32) -> String {
    let file = world.dir.path().join("note.xml");
    fs::write(&file, document).expect("written");
    let ran = world.consign(&["validate", "--flow", "notes-in", file.to_str().expect("a path")]).ends(exit);
    format!("{}{}", ran.out, ran.err).replace(&world.dir.path().display().to_string(), "DIR")
}

const BY_PROFILE: &str = "[[schemas]]\nschema = \"basic.xsd\"\nroot = \"Note\"\nnamespace = \"urn:example:note\"\npath = \"/Note/Profile\"\nis = \"urn:basic*\"\n\n[[schemas]]\nschema = \"full.xsd\"\npath = \"/n:Note/n:Profile\"\nis = [\"urn:full\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_documents_profile_chooses_its_schema() {
    let world = world("", BY_PROFILE).await;
    world.consign(&["check"]).ends(0);
    judge(&world, &note("urn:basic:1", "1", ""), 0);
    judge(&world, &note("urn:full", "1", "<Town>Aarhus</Town>"), 0);
    let wrong = judge(&world, &note("urn:full", "1", ""), 1);
    assert!(wrong.contains("`Note` ends without `Town`"), "{wrong}");
    let unknown = judge(&world, &note("urn:other", "1", ""), 1);
    insta::assert_snapshot!(unknown, @r#"
    error[C206]: none of the flow's schemas matches this document: `Note` in the namespace `urn:example:note` and /Note/Profile is `urn:other`
      --> DIR/note.xml:1:1
       |
     1 | <Note xmlns="urn:example:note"><Profile>urn:other</Profile><
       | ^
      owner: partner   fix: the wrong file, the wrong folder, or another version of the format

    DIR/note.xml: not valid, 1 problem
    "#);
}

fn enveloped(documents: &str) -> String {
    format!("<e:Envelope xmlns:e=\"urn:example:envelope\">\n  <e:Sender>us</e:Sender>\n  {documents}\n</e:Envelope>")
}

const IN_ENVELOPE: &str = "[envelope]\npayload = \"/Envelope/*\"\nschema = \"envelope.xsd\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn envelope_and_payloads_are_both_judged() {
    let world = world("schema = \"basic.xsd\"", IN_ENVELOPE).await;
    world.consign(&["check"]).ends(0);
    judge(&world, &enveloped(&note("x", "1", "")), 0);
    // The place is that of the file, not of the payload alone.
    let payload = judge(&world, &enveloped(&note("x", "1", "<Town/>")), 1);
    assert!(
        payload.contains("`Town` is not an element of `Note`") && payload.contains(":3:") && payload.contains("/Envelope/Note/Town"),
        "{payload}"
    );
    let envelope = judge(&world, &enveloped(&note("x", "1", "")).replace("Sender", "Sendr"), 1);
    assert!(envelope.contains("did you mean `Sender`?"), "{envelope}");
    let nothing = judge(&world, &enveloped("<e:Sender>2</e:Sender>"), 1);
    assert!(nothing.contains("the envelope holds no document at `/Envelope/*`"), "{nothing}");
    let cut = judge(&world, &enveloped(&note("x", "1", "")).replace("</e:Envelope>", ""), 1);
    assert_eq!(cut.matches("error[").count(), 1, "{cut}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_of_the_envelope_may_be_used_in_the_payload() {
    let world = world("schema = \"basic.xsd\"", IN_ENVELOPE).await;
    let document = enveloped(&note("x", "1", "")).replace("<e:Envelope ", "<e:Envelope xmlns:n=\"urn:example:note\" ");
    let document = document.replace("<Note xmlns=\"urn:example:note\">", "<n:Note>").replace("</Note>", "</n:Note>");
    let document = ["Profile", "Number", "Name"].iter().fold(document, |text, name| {
        text.replace(&format!("<{name}>"), &format!("<n:{name}>")).replace(&format!("</{name}>"), &format!("</n:{name}>"))
    });
    judge(&world, &document, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_of_a_file_becomes_a_record() {
    let world = world("schema = \"basic.xsd\"", IN_ENVELOPE).await;
    world.drop_file("out/notes", "two.xml", enveloped(&format!("{}{}", note("x", "N-1", ""), note("x", "N-2", ""))));
    world.consign(&["run", "--once", "notes-in"]).ends(0);
    assert_eq!(world.odoo.count("res.partner", serde_json::json!([["ref", "in", ["N-1", "N-2"]]])).await, 2);
    world.drop_file("out/notes", "same.xml", enveloped(&format!("{}{}", note("x", "N-3", ""), note("x", "N-3", ""))));
    let ran = world.consign(&["run", "--once", "notes-in"]).ends(1);
    let errors = world.consign(&["errors", "notes-in"]).ends(0);
    assert!(errors.out.contains("C405"), "the same record twice in one file, {} {}", ran.out, errors.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_may_follow_one_another_where_the_flow_says_so() {
    let both = format!("<?xml version=\"1.0\"?>\n{}\n<?xml version=\"1.0\"?>\n{}\n", note("x", "F-1", ""), note("x", "F-2", ""));
    let world = world("schema = \"basic.xsd\"\ndocuments = \"several\"", "").await;
    judge(&world, &both, 0);
    world.drop_file("out/notes", "both.xml", &both);
    world.consign(&["run", "--once", "notes-in"]).ends(0);
    assert_eq!(world.odoo.count("res.partner", serde_json::json!([["ref", "in", ["F-1", "F-2"]]])).await, 2);
    let wrong = judge(&world, &both.replacen("<Number>F-2</Number>", "", 1), 1);
    assert!(wrong.contains("`Number` is missing before `Name`") && wrong.contains(":4:"), "{wrong}");
    world.replace("flows/notes-in.toml", &[("documents = \"several\"", "")]);
    let one = judge(&world, &both, 1);
    assert!(one.contains("error[C202]"), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn white_space_is_as_the_type_says_before_anything_compares_it() {
    for in_envelope in [false, true] {
        let world = world("schema = \"basic.xsd\"", if in_envelope { IN_ENVELOPE } else { "" }).await;
        world.replace("mappings/notes.toml", &[("each     = \"/Note\"", "each     = \"/Note[Profile='a b']\"\nempty    = \"accept\"")]);
        let put = |name: &str, profile: &str, number: &str, extra: &str| {
            let note = note(profile, number, extra);
            world.drop_file("out/notes", name, if in_envelope { enveloped(&note) } else { note });
        };
        // Numbers and profiles are tokens: many blanks and line ends in a row are one blank.
        put("1.xml", "a\n   b", " W\n  1 ", "");
        put("2.xml", " a b ", "W 1", "");
        put("3.xml", "a b", "W\t\t1", "");
        world.consign(&["run", "--once", "notes-in"]).ends(0);
        let count = async |number: &str| world.odoo.count("res.partner", serde_json::json!([["ref", "=", number]])).await;
        assert_eq!((count("W 1").await, count("W\n  1").await), (1, 0), "one record, by one spelling");
        // A document that is refused is found by the same spelling.
        put("4.xml", "a b", "W\n\n2", "<Town/>");
        world.consign(&["run", "--once", "notes-in"]).ends(1);
        let found = world.consign(&["find", "W 2"]).ends(0).out;
        assert!(found.contains("4.xml"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctype_is_refused_or_skipped_but_never_believed() {
    let world = world("schema = \"basic.xsd\"", "").await;
    let bare = format!("<!DOCTYPE Note SYSTEM \"http://evil.example/note.dtd\">\n{}", note("x", "1", ""));
    let inner = format!("<!DOCTYPE Note [<!ENTITY a \"b\">]>\n{}", note("x", "&a;", ""));
    for document in [&bare, &inner] {
        let refused = judge(&world, document, 1);
        assert!(refused.contains("error[C204]") && refused.contains("note.xml:1:1"), "{refused}");
    }
    world.replace("flows/notes-in.toml", &[("schedule = \"manual\"", "schedule = \"manual\"\ndoctype = \"skip\"")]);
    judge(&world, &bare, 0);
    let refused = judge(&world, &inner, 1);
    assert!(refused.contains("declarations of its own, which are never accepted"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_stands_for_addresses_and_nothing_is_fetched() {
    let world = world("schema = \"outer.xsd\"", "").await;
    let outer = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:n="urn:example:note">
  <xs:import namespace="urn:example:note" schemaLocation="http://schemas.example/note.xsd"/>
  <xs:element name="Outer"><xs:complexType><xs:sequence><xs:element ref="n:Note"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>"#;
    fs::write(world.workspace().join("schemas/outer.xsd"), outer).expect("written");
    world.replace("mappings/notes.toml", &[("each     = \"/Note\"", "each     = \"/o:Outer/Note\""), ("default =", "o = \"\"\ndefault =")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(
        ran.err
            .contains("error[C112]: the schema document `http://schemas.example/note.xsd` that is imported here is not in the workspace")
            && ran.err.contains("--> outer.xsd:2:3")
            && ran.err.contains("schemas/catalog.xml"),
        "{}",
        ran.err
    );
    let catalog = "<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\"><uri name=\"http://schemas.example/note.xsd\" uri=\"basic.xsd\"/></catalog>";
    fs::write(world.workspace().join("schemas/catalog.xml"), catalog).expect("written");
    world.consign(&["check"]).ends(0);
    judge(&world, &format!("<Outer>{}</Outer>", note("x", "1", "")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_is_wrong_with_envelope_and_choices() {
    let world = world(
        "schema = \"basic.xsd\"",
        "[[schemas]]\nschema = \"full.xsd\"\npath = \"/Note/Profil\"\nis = \"x\"\n\n[envelope]\npayload = \"Envelope/*\"\n",
    )
    .await;
    let ran = world.consign(&["check"]).ends(1);
    for sign in ["a flow has either `schema` or [[schemas]]", "does not begin at the root, as in `/Order/Header/Type`"] {
        assert!(ran.err.contains(sign), "{sign} is missing in:\n{}", ran.err);
    }
    world.replace(
        "flows/notes-in.toml",
        &[("schema = \"basic.xsd\"\n", ""), ("payload = \"Envelope/*\"", "payload = \"/Envelop/*\"\nschema = \"envelope.xsd\"")],
    );
    let ran = world.consign(&["check"]).ends(1);
    for sign in ["has no `Profil` there (path `/Note/Profil`)", "the envelope's schema has no `Envelop` there"] {
        assert!(ran.err.contains(sign), "{sign} is missing in:\n{}", ran.err);
    }
}

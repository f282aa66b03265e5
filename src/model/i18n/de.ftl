# Deutsch

## Elements and attributes

attribute-empty = `{ $attribute }` von `{ $element }` ist leer und muss einen Wert haben
attribute-fixed = das Attribut `{ $attribute }` von `{ $element }` muss `{ $value }` sein
attribute-invalid = `{ $value }` ist kein gültiges `{ $attribute }` von `{ $element }`: { $rule }
attribute-missing = das Attribut `{ $attribute }` fehlt in `{ $element }`
attribute-not-allowed = das Attribut `{ $attribute }` ist in `{ $element }` nicht erlaubt
attribute-other = das Attribut `{ $attribute }` von `{ $element }`: { $reason }
attribute-type-unknown = `xsi:type` nennt `{ $kind }`, und das ist hier kein erlaubter Typ
attribute-undescribed = kein Schema beschreibt das Attribut `{ $attribute }`, das in `{ $element }` bekannt sein muss
element-abstract = `{ $element }` ist abstrakt: eine seiner Arten muss an seiner Stelle stehen oder durch xsi:type genannt sein
element-abstract-one-of = `{ $element }` darf nicht selbst stehen: eines von { $names } muss an seiner Stelle stehen
element-breaks-a-rule = `{ $element }` verletzt eine Regel seines Schemas
element-breaks-rule = `{ $element }` bricht eine Regel seines Schemas: { $rule }
element-either = entweder `{ $first }` oder `{ $second }` darf hier stehen, nicht beide
element-ends-without = `{ $element }` endet ohne { $names }
element-ends-without-one = `{ $element }` endet ohne eines von { $names }
element-holds-text = `{ $element }` enthält Elemente, nicht den Text `{ $text }`
element-incomplete = `{ $element }` ist nicht vollständig
element-late-after = `{ $element }` steht zu spät: es darf nicht auf `{ $last }` folgen
element-late-before = `{ $element }` steht zu spät: es gehört vor `{ $before }`
element-missing-before = { $names } { $count ->
        [one] fehlt
       *[other] fehlen
    } vor `{ $before }`
element-must-be-empty = `{ $element }` muss leer sein
element-namespace = `{ $element }` steht in { $found }; dieses Schema beschreibt es in { $expected }
element-nil-content = `{ $element }` ist als leer gekennzeichnet (xsi:nil) und hat trotzdem Inhalt
element-nil-not-allowed = `{ $element }` darf nicht leer (nil) sein: es braucht einen Wert
element-not-here = `{ $element }` darf hier nicht stehen
element-not-here-none-allowed = `{ $element }` darf hier nicht stehen: `{ $parent }` enthält keine Elemente
element-other = `{ $element }`: { $reason }
element-too-much-work = den Inhalt von `{ $element }` zu prüfen ist zu aufwendig
element-too-often = `{ $element }` darf hier nur { $count }-mal stehen
element-twice = `{ $element }` steht hier ein zweites Mal; es darf nur einmal stehen
element-type-unknown = `xsi:type` von `{ $element }` nennt `{ $kind }`, und das ist hier kein erlaubter Typ
element-undescribed = kein Schema beschreibt `{ $element }`, und was hier steht, muss beschrieben sein
element-unknown = `{ $element }` ist kein Element von `{ $parent }`
element-wrong-namespace = `{ $element }` steht in { $found }; richtig wäre es in { $expected }
group-contradicts = `{ $value }` widerspricht `{ $first }` in Zeile { $line }: die Zeilen eines Eintrags müssen in `{ $field }` übereinstimmen
namespace-named = dem Namensraum `{ $namespace }`
namespace-none = keinem Namensraum
root-unknown = ein Dokument `{ $element }` in { $namespace } ist nicht, was das Schema beschreibt
value-empty = `{ $name }` ist leer und braucht einen Wert
value-invalid = `{ $value }` ist kein gültiges `{ $name }`: { $rule }

## Keys

id-refers-to-nothing = `{ $id }` verweist auf nichts: kein Element hat diese ID
id-twice = die ID `{ $id }` steht hier ein zweites Mal
key-attribute = das Attribut `{ $field }` `{ $value }` von `{ $element }`
key-element = `{ $field }` `{ $value }`
key-incomplete = `{ $element }` fehlt { $names }, woran es erkannt wird
key-refers-to-nothing = { $key } verweist auf nichts: kein solches { $target } ist im Dokument
key-something-refers-to-nothing = etwas in `{ $element }` verweist auf nichts: kein solches { $target } ist im Dokument
key-twice = { $key } steht hier ein zweites Mal und muss eindeutig sein; das erste ist in Zeile { $line }
key-twice-somewhere = { $key } steht hier ein zweites Mal und muss eindeutig sein

## What a value must be

document-in = `{ $root }` in { $namespace }
document-lacks = das Dokument hat kein `{ $path }`
document-where = { $path } ist `{ $value }`
document-without = ohne { $path }
rule-address = es muss eine Adresse sein
rule-at-least = es muss mindestens { $limit } sein
rule-at-most = es darf höchstens { $limit } sein
rule-base64 = es muss Base64 sein: Buchstaben, Ziffern, `+`, `/`, mit `=` am Ende
rule-be = es muss { $what } sein
rule-boolean = es muss `true` oder `false` sein, in Kleinbuchstaben
rule-date = ein Datum wird wie { $example } geschrieben
rule-duration = eine Dauer wird wie P3D für 3 Tage, PT12H für 12 Stunden geschrieben
rule-exactly = es müssen genau { $amount } sein
rule-fixed = es muss `{ $value }` sein
rule-fraction-digits = höchstens { $amount } hinter dem Dezimalpunkt
rule-hex = es müssen Paare aus 0-9 und A-F sein
rule-language = eine Sprache wird wie en oder en-GB geschrieben
rule-length = genau { $amount }
rule-length-at-least = mindestens { $amount }, es hat { $actual }
rule-length-at-most = höchstens { $amount }, es hat { $actual }
rule-length-exactly = genau { $amount }, es hat { $actual }
rule-less-than = es muss weniger als { $limit } sein
rule-month = ein Monat wird wie { $example } geschrieben
rule-more-than = es muss mehr als { $limit } sein
rule-name = es muss ein Name ohne Leerzeichen sein
rule-no-member = es entspricht keiner der erlaubten Formen
rule-no-such-day = diesen Tag gibt es nicht
rule-not-listed = es ist keiner der Werte, die das Schema nennt
rule-number-comma = eine Zahl wird wie { $example } geschrieben, mit Dezimalkomma und ohne Einheit
rule-number-point = eine Zahl wird wie { $example } geschrieben, mit Dezimalpunkt, ohne Gruppierung und ohne Einheit
rule-pattern = es muss dem Muster { $pattern } entsprechen
rule-time = ein Zeitpunkt wird wie { $example } geschrieben, dahinter +01:00 oder Z für die Zeitzone
rule-time-of-day = eine Uhrzeit wird wie { $example } geschrieben
rule-value-required = ein Wert ist notwendig
rule-whole = es muss eine ganze Zahl sein
rule-whole-above-0 = es muss eine ganze Zahl über 0 sein
rule-whole-not-above-0 = es muss eine ganze Zahl sein, nicht über 0
rule-whole-not-below-0 = es muss eine ganze Zahl sein, nicht unter 0
rule-year = ein Jahr wird wie { $example } geschrieben
value-its = sein Wert
value-needed = { $source } wird gebraucht (für `{ $field }`) und fehlt oder ist leer
value-not-a = `{ $value }` ist nicht { $wanted } (für `{ $field }`)
wanted-currency = der Code einer Währung wie EUR
wanted-date = ein Datum wie { $example }
wanted-date-formats = ein Datum in der Form { $formats }
wanted-decimal = eine Dezimalzahl wie { $example }
wanted-digit = ein Text mit einer Ziffer
wanted-gtin = eine GTIN mit 8, 12, 13 oder 14 Ziffern
wanted-gtin-check-digit = eine GTIN; ihre Prüfziffer ist falsch
wanted-gtin-width = eine GTIN, die in { $width } Ziffern passt
wanted-integer = eine ganze Zahl
wanted-length = ein Text von höchstens { $width } Zeichen
wanted-scaled = eine ganze Zahl mit { $scale } Dezimalstellen und ohne Dezimalzeichen
wanted-time = ein Zeitpunkt wie { $example }
wanted-time-exists = eine Zeit, die es in ihrer Zone gibt
wanted-time-formats = eine Zeit in der Form { $formats }
wanted-time-zone = eine Zeit (die vereinbarte Zone ist nicht bekannt)
wanted-true-or-false = ja oder nein (true, false)
wanted-unit = eine Einheit der UN/ECE-Empfehlung 20 wie KGM oder C62

## Files

csv-cell-error = `{ $value }` ist ein Fehler einer Tabellenkalkulation, kein Wert
csv-column-missing = die Spalte `{ $column }` fehlt; der Kopf hat: { $header }
csv-column-repeated = die Spalte `{ $column }` steht { $count }-mal im Kopf
csv-control = die Datei enthält ein Steuerzeichen: sie ist kein Text oder nicht in der vereinbarten Kodierung
csv-date = `{ $value }` ist kein Datum, wie { $format } geschrieben
csv-fields-first-row = die Zeile hat { $fields } { $fields ->
        [one] Feld
       *[other] Felder
    }, die erste Zeile hat { $first }
csv-fields-header = die Zeile hat { $fields } { $fields ->
        [one] Feld
       *[other] Felder
    }, der Kopf hat { $header }
csv-no-column = keine der Spalten steht in der ersten Zeile: `{ $line }`
csv-no-header = es gibt keine Kopfzeile
csv-no-such-day = `{ $value }` ist ein Tag, den es nicht gibt
csv-point = `{ $value }` hat einen Punkt, wo diese Datei ein Dezimalkomma hat
csv-quote-open = ein Anführungszeichen in dieser Zeile wird nie geschlossen: alles dahinter würde ein einziger Wert
csv-quote-stray = ein Anführungszeichen in diesem Wert in Anführungszeichen ist nicht verdoppelt
csv-row-too-long = eine Zeile von mehr als { $limit } Bytes
csv-shortened = `{ $value }` ist eine Zahl, die eine Tabellenkalkulation gekürzt hat: Ziffern sind verloren
csv-trailer-count = die Schlusszeile zählt `{ $count }` Zeilen, die Datei hat { $rows }
csv-trailer-missing = die Datei endet ohne ihre Schlusszeile `{ $start }`: vielleicht fehlen Zeilen
csv-value-control = der Wert enthält ein Steuerzeichen: er ist kein Text oder nicht in der vereinbarten Kodierung
encoding-invalid = die Bytes der Datei sind kein gültiges { $encoding }
encoding-other = die Datei nennt die Kodierung `{ $encoding }` und ist nicht darin geschrieben
encoding-unknown = die Datei nennt die Kodierung `{ $encoding }`, die nicht bekannt ist
envelope-empty = der Umschlag enthält kein Dokument bei `{ $path }`
file-empty = die Datei ist leer
file-is-zip = die Datei ist ein Zip, und erwartet wird hier ein Dokument
file-longer = die Datei hat mehr als { $limit } Bytes
file-no-document = in der Datei ist kein Dokument
file-too-large = die Datei hat { $size } Bytes; die Grenze ist { $limit }
limit-attributes = mehr als { $limit } Attribute
limit-depth = mehr als { $limit } Ebenen von Elementen
limit-elements = mehr als { $limit } Elemente
limit-elements-outside = mehr als { $limit } Elemente außerhalb der eigentlichen Datensätze
limit-name = mehr als { $limit } Bytes in einem Namen
limit-names = mehr als { $limit } verschiedene Namen von Elementen und Attributen
limit-namespace = mehr als { $limit } Bytes in einem Namensraum
limit-namespaces = mehr als { $limit } Namensräume zugleich
limit-text = mehr als { $limit } Bytes Text in einem Element
limit-time = das Lesen dauerte zu lange
line-twice = dieselbe Position zweimal in einem Beleg: { $key }; die erste ist in Zeile { $line }
record-twice = derselbe Eintrag zweimal in einer Datei: { $key }; der erste ist in Zeile { $line }
record-twice-line = derselbe Datensatz zweimal in einer Datei; der erste ist in Zeile { $line }
schema-none-fits = dieses Dokument wird hier nicht erwartet: { $document }
validation-broke-down = die Prüfung ist an diesem Dokument gescheitert
validation-time = die Prüfung nach { $schema } dauerte länger als { $seconds } s
xml-attribute-less-than = ein `<` in einem Attributwert
xml-attribute-reference = eine Referenz in einem Attribut, die weder &amp; &lt; &gt; &quot; &apos; noch eine Zeichennummer ist
xml-attribute-repeated = ein Attribut steht zweimal in einem Tag
xml-attribute-twice = das Attribut `{ $attribute }` steht zweimal
xml-bare-ampersand = ein `&`, das keinen Verweis beginnt; ein einfaches `&` wird `&amp;` geschrieben
xml-cdata-end = `]]>` im Text; geschrieben wird es `]]&gt;`
xml-closes-nothing = `</{ $element }>` schließt ein Element, das nie geöffnet wurde
xml-closes-other = `</{ $found }>` schließt ein Element, das als `<{ $expected }>` geöffnet wurde
xml-control = das Steuerzeichen { $character }, das XML nicht erlaubt
xml-declaration-broken = eine fehlerhafte XML-Deklaration: geschrieben wird sie <?xml version="1.0" encoding="UTF-8"?>
xml-declaration-late = eine XML-Deklaration, die nicht ganz am Anfang der Datei steht
xml-doctype = die Datei hat einen DOCTYPE, der nicht angenommen wird
xml-doctype-declares = die Datei hat einen DOCTYPE mit eigenen Deklarationen, die nie angenommen werden
xml-doctype-inside = der DOCTYPE steht hinter dem Anfang des Wurzelelements
xml-ends-in-tag = die Datei endet mitten in einer Marke: sie ist abgeschnitten
xml-ends-inside = die Datei endet in `<{ $element }>`, das in Zeile { $line } begann: sie ist abgeschnitten
xml-instruction = `<?{ $target }` ist keine Verarbeitungsanweisung
xml-name = `{ $name }` ist kein Name
xml-no-blank = kein Leerzeichen zwischen zwei Attributen
xml-no-element = es gibt kein Element: das ist kein XML-Dokument
xml-prefix-empty = das Präfix `{ $prefix }` ist an keinen Namensraum gebunden
xml-prefix-unknown = das Präfix von `{ $name }` ist an keinen Namensraum gebunden
xml-reference-outside = eine Referenz außerhalb des Wurzelelements
xml-reference-unknown = `&{ $name };` ist keine Referenz, die XML kennt; ein bloßes `&` wird `&amp;` geschrieben
xml-second-root = ein zweites Wurzelelement: die Datei enthält mehr als ein Dokument
xml-tag-broken = ein fehlerhaftes Tag: ein Attribut wird name="wert" geschrieben, ein bloßes `<` im Text `&lt;`
xml-tag-open = ein Tag endet nicht: das ist kein XML-Dokument, oder es ist abgeschnitten
xml-text-after = Text hinter dem Ende des Dokuments
xml-text-first = die Datei beginnt nicht mit einem Element: das ist kein XML-Dokument
xml-text-outside = Zeichendaten außerhalb des Wurzelelements
zip-64 = das Zip hat die Form für sehr große (zip64), die nicht angenommen wird
zip-alike = { $alike } der { $found } Dokumente im Zip sind mit anderen darin identisch
zip-encrypted = eine Datei im Zip ist verschlüsselt oder unüblich gepackt
zip-entry-too-large = `{ $name }` im Zip hat mehr als { $limit } Bytes
zip-none-fits = keine Datei im Zip ist ein hier erwartetes Dokument ({ $patterns })
zip-same-name = zwei Dateien im Zip haben denselben Namen
zip-too-large = die Dateien im Zip haben zusammen mehr als { $limit } Bytes
zip-too-many = das Zip enthält mehr als { $count } Dateien
zip-unreadable = das Zip kann nicht gelesen werden ({ $reason })

## What Odoo has

code-unknown = der Code `{ $code }` von `{ $field }` ist nicht in { $table } ({ $known })
lookup-closed = { $what } `{ $name }` ist da und darf nicht mehr geändert werden
lookup-line-none = der Datensatz hat keine Position mit { $identity } `{ $key }`
lookup-lines-many = der Datensatz hat mehrere Positionen mit { $identity } `{ $key }`
lookup-many = { $count } { $what } passen zu { $asked } (ids { $ids })
lookup-none = kein { $what } mit { $asked }
lookup-not-stored = der Datensatz, auf den `{ $field }` verweist, wurde nicht gespeichert
lookup-two = zwei Datensätze von { $model } passen ({ $identity }: ids { $ids })
lookup-within = { $asked } innerhalb von { $scope }
records-gone = { $gone } der { $all } Datensätze von { $model } sind nicht mehr in Odoo
table-file = der Codetabelle { $file }
table-of-mapping = der Tabelle der Abbildung

## Advice

hint-allowed-here = hier darf stehen: { $names }
hint-complete-before = `{ $parent }` ist davor vollständig: nehmen Sie es heraus
hint-csv-as-text = formatieren Sie die Spalte in der Tabellenkalkulation als Text und exportieren Sie noch einmal
hint-csv-cell-error = berichtigen Sie die Zelle in der Tabellenkalkulation und exportieren Sie noch einmal
hint-csv-close-quote = schließen Sie das Anführungszeichen, oder verdoppeln Sie es, wenn es zum Wert gehört
hint-csv-columns = die Kopfzeile fehlt, oder die Datei hat ein anderes Trennzeichen; die Spalten sind: { $columns }
hint-csv-comma = schreiben Sie 12,50, oder 1.250,00 mit Gruppierung; was gemeint ist, lässt sich nicht erraten
hint-csv-double-quote = schreiben Sie `""` für ein Anführungszeichen in einem Wert in Anführungszeichen
hint-csv-quote-open = ein Anführungszeichen, das nie geschlossen wird, macht aus allen folgenden Zeilen eine
hint-cut-off = Übertragung oder Export wurde abgebrochen: bitte senden Sie die Datei noch einmal
hint-declare-encoding = nennen Sie die Kodierung, in der die Datei wirklich geschrieben ist, oder senden Sie sie als UTF-8
hint-did-you-mean = meinten Sie `{ $name }`?
hint-extension-missing = das Schema dieser Erweiterung fehlt bei uns, oder das Element ist falsch geschrieben
hint-key-twice = zwei haben dieselbe Nummer, oder eines wurde zweimal gesendet (Regel `{ $rule }`)
hint-key-unknown = die Nummer ist falsch geschrieben, oder worauf sie verweist, fehlt (Regel `{ $rule }`)
hint-namespace-correct = berichtigen Sie die xmlns-Deklaration; weitere im selben falschen Namensraum werden nicht mehr genannt
hint-namespace-write = schreiben Sie `{ $name }`; weitere im selben falschen Namensraum werden nicht mehr genannt
hint-no-doctype = senden Sie die Datei ohne Dokumenttyp-Deklaration
hint-no-zip = senden Sie das Dokument selbst, oder vereinbaren Sie Zips mit uns
hint-order = das Schema schreibt die Reihenfolge der Elemente vor
hint-other-version = eine andere Version des Formats, als hier erwartet wird, oder eine fehlende oder falsche xmlns-Deklaration
hint-plain-occurrences = das Schema erlaubt mehr Kombinationen, als sich prüfen lassen; bitten Sie seinen Autor um einfache Häufigkeiten
hint-quote-separator = ein Wert mit Trennzeichen braucht Anführungszeichen
hint-remove = nehmen Sie es heraus
hint-remove-blanks = nehmen Sie die Leerzeichen heraus
hint-remove-surplus = nehmen Sie heraus, was zu viel ist
hint-remove-wrong = nehmen Sie das falsche heraus
hint-rows-missing = Zeilen fehlen oder sind doppelt: bitte senden Sie die Datei noch einmal
hint-rule = Regel `{ $rule }`
hint-schema-describes = das Schema beschreibt { $names }; ist es die falsche Datei oder der falsche Ordner?
hint-send-again = bitte senden Sie die Datei noch einmal
hint-separators-missing = an ihrem Ende fehlen Trennzeichen
hint-something-key-unknown = die Nummer ist falsch geschrieben, oder worauf sie verweist, fehlt (Regel `{ $rule }`)
hint-utf8 = senden Sie die Datei als UTF-8, und nennen Sie es so
hint-validation-time = das Dokument oder eine Regel des Schemas ist zu aufwendig
hint-write = schreiben Sie `{ $value }`
hint-wrong-file = die falsche Datei, der falsche Ordner oder eine andere Version des Formats
hint-zip-alike = keine Datei daraus wurde übernommen: der Export wiederholt sich, oder seine Dokumente sind leer
hint-zip-damaged = es ist beschädigt oder abgeschnitten: bitte senden Sie es noch einmal
hint-zip-deflate = packen Sie es ohne Passwort, mit dem üblichen Verfahren (deflate)
hint-zip-max-bytes = keine Datei daraus wurde übernommen; so viele Bytes sind für jedes Dokument vereinbart
hint-zip-split = keine Datei daraus wurde übernommen; packen Sie sie in mehrere Zips
hint-zip-undecided = keine Datei daraus wurde übernommen; welche von beiden gilt, kann niemand entscheiden
hint-zip-usual = packen Sie es in der üblichen Form, die 65.534 Dateien und 4 GiB fasst

## Amounts and lists

amount = { $count } { $kind }
amount-at-least = mindestens { $least } { $kind }
amount-between = { $least } bis { $most } { $kind }
amount-only = nur { $kind }
amount-up-to = bis zu { $most } { $kind }
capital-letters = { $count ->
        [one] Großbuchstabe
       *[other] Großbuchstaben
    }
capitals-or-digits = { $count ->
        [one] Großbuchstabe oder Ziffer
       *[other] Großbuchstaben oder Ziffern
    }
characters = { $count ->
       *[other] Zeichen
    }
digits = { $count ->
        [one] Ziffer
       *[other] Ziffern
    }
letters = { $count ->
        [one] Buchstabe
       *[other] Buchstaben
    }
letters-or-digits = { $count ->
        [one] Buchstabe oder Ziffer
       *[other] Buchstaben oder Ziffern
    }
list-and = { $before } und { $last }
list-more = { $shown } und { $more } weitere
list-or = { $before } oder { $last }
list-then = { $before }, dann { $last }
list-with = { $before } mit { $last }
small-letters = { $count ->
        [one] Kleinbuchstabe
       *[other] Kleinbuchstaben
    }
values = { $count ->
        [one] Wert
       *[other] Werte
    }

## Configuration

config-renamed = `{ $old }` heißt jetzt `{ $new }`
hint-migrate = der alte Name gilt weiter; consign migrate schreibt den neuen

## The report to a partner

report-line = Zeile { $line }
report-line-column = Zeile { $line }, Spalte { $column }
report-line-field = Zeile { $line }, Spalte "{ $field }"
report-ours = ein Problem bei uns
report-refused = { $name } wurde nicht verarbeitet (unsere Referenz { $id }).
report-wait = Wir kümmern uns darum; Sie müssen die Datei nicht noch einmal senden.

## Codes: what they mean, and what to do

C201 = die Datei ist leer
    .advice = 0 Bytes oder nur Leerzeichen. Meist ist der Export abgebrochen: bitte senden Sie die Datei noch einmal.
C202 = die Datei ist kein wohlgeformtes XML
    .advice = Sie ist abgeschnitten, gar kein XML oder enthält eine fehlerhafte Marke. Die Stelle zeigt, wo das Lesen enden musste.
C203 = die Bytes der Datei passen nicht zu ihrer Kodierung
    .advice = Die Datei nennt eine Kodierung, in der sie nicht geschrieben ist. Senden Sie sie als UTF-8.
C204 = die Datei hat einen DOCTYPE
    .advice = Dokumenttyp-Deklarationen werden nicht angenommen. Senden Sie die Datei ohne.
C205 = die Datei überschreitet eine Grenze
    .advice = Größe, Tiefe, Zahl der Elemente oder Länge eines Wertes liegt über dem, was angenommen wird.
C206 = falsche Art von Dokument für diesen Ordner
    .advice = Die falsche Datei, der falsche Ordner oder eine andere Version des Formats.
C210 = unerwartetes Element
    .advice = Falsch geschrieben, an der falschen Stelle oder in diesem Dokument nicht vorgesehen.
C211 = etwas Notwendiges fehlt
    .advice = Das Element endet, bevor alles gekommen ist, was es enthalten muss.
C212 = ungültiger Wert
    .advice = Falsches Format, zu lang, außerhalb des Bereichs oder keiner der vorgesehenen Werte.
C213 = ein Attribut fehlt oder ist nicht erlaubt
    .advice = Die Meldung nennt das Attribut.
C214 = doppelter Schlüssel oder Verweis ins Leere
    .advice = Diese Werte müssen eindeutig sein oder aufeinander verweisen.
C219 = das Dokument bricht eine Regel seines Schemas
    .advice = Bitte prüfen Sie die Stelle gegen das Schema.
C220 = eine CSV-Zeile hat eine andere Zahl von Feldern als der Kopf
    .advice = Oft steht ein Trennzeichen in einem Wert ohne Anführungszeichen.
C221 = unerwarteter CSV-Kopf
    .advice = Eine Spalte fehlt, oder sie kommt zweimal vor.
C222 = das Zip kann nicht entpackt werden
    .advice = Beschädigt, verschlüsselt, ohne passendes Dokument oder zu groß. Nichts daraus wurde übernommen.
C313 = die Datei ist leer und blieb, wo sie ist
    .advice = Bitte senden Sie sie noch einmal.
C401 = ein notwendiger Wert fehlt im Dokument
    .advice = Ohne ihn kann das Dokument nicht verarbeitet werden.
C402 = ein Wert kann nicht umgewandelt werden
    .advice = Die Meldung zeigt den Wert und die erwartete Form.
C405 = ein Eintrag ist doppelt oder widerspricht sich
    .advice = Zwei Einträge haben dieselbe Identität, oder die Zeilen eines Eintrags widersprechen sich. Was gilt, lässt sich nicht entscheiden.

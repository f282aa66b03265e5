# English: the sentences as people read them everywhere. `say!` gives an id its arguments.

## Elements and attributes

attribute-empty = `{ $attribute }` of `{ $element }` is empty and must have a value
attribute-fixed = the attribute `{ $attribute }` of `{ $element }` must be `{ $value }`
attribute-invalid = `{ $value }` is not a valid `{ $attribute }` of `{ $element }`: { $rule }
attribute-missing = the attribute `{ $attribute }` is missing in `{ $element }`
attribute-not-allowed = the attribute `{ $attribute }` is not allowed in `{ $element }`
attribute-other = the attribute `{ $attribute }` of `{ $element }`: { $reason }
attribute-type-unknown = `xsi:type` names `{ $kind }`, which is not an allowed type here
attribute-undescribed = no schema describes the attribute `{ $attribute }`, and attributes of `{ $element }` must be described
element-abstract = `{ $element }` is abstract: use one of its types instead, or name one with xsi:type
element-abstract-one-of = `{ $element }` is abstract: use one of { $names } instead
element-breaks-a-rule = `{ $element }` breaks a rule of its schema
element-breaks-rule = `{ $element }` breaks a rule of its schema: { $rule }
element-either = either `{ $first }` or `{ $second }` is allowed here, not both
element-ends-without = `{ $element }` ends without { $names }
element-ends-without-one = `{ $element }` ends without one of { $names }
element-holds-text = `{ $element }` contains elements, not the text `{ $text }`
element-incomplete = `{ $element }` is not complete
element-late-after = `{ $element }` is in the wrong place: it must not follow `{ $last }`
element-late-before = `{ $element }` is in the wrong place: it belongs before `{ $before }`
element-missing-before = { $names } { $count ->
        [one] is
       *[other] are
    } missing before `{ $before }`
element-must-be-empty = `{ $element }` must be empty
element-namespace = `{ $element }` is in { $found }; this schema describes it in { $expected }
element-nil-content = `{ $element }` is nil (xsi:nil) but has content
element-nil-not-allowed = `{ $element }` must not be nil: it must have a value
element-not-here = `{ $element }` is not allowed here
element-not-here-none-allowed = `{ $element }` is not allowed here: `{ $parent }` contains no elements
element-other = `{ $element }`: { $reason }
element-too-much-work = the content of `{ $element }` takes too much work to be validated
element-too-often = `{ $element }` is allowed here at most { $count } times
element-twice = `{ $element }` appears a second time; it is allowed only once
element-type-unknown = `xsi:type` of `{ $element }` names `{ $kind }`, which is not an allowed type here
element-undescribed = no schema of this flow describes `{ $element }`, and content here must be described
element-unknown = `{ $element }` is not an element of `{ $parent }`
element-wrong-namespace = `{ $element }` is in { $found }; it belongs in { $expected }
group-contradicts = `{ $value }` contradicts `{ $first }` on line { $line }: the rows of one record must agree on `{ $field }`
namespace-named = the namespace `{ $namespace }`
namespace-none = no namespace
root-unknown = a document `{ $element }` in { $namespace } is not what the schema describes
value-empty = `{ $name }` is empty and must have a value
value-invalid = `{ $value }` is not a valid `{ $name }`: { $rule }

## Keys

id-refers-to-nothing = `{ $id }` refers to nothing: no element has this ID
id-twice = the ID `{ $id }` appears a second time
key-attribute = the attribute `{ $field }` `{ $value }` of `{ $element }`
key-element = `{ $field }` `{ $value }`
key-incomplete = `{ $element }` has no { $names }, which is part of its key
key-refers-to-nothing = { $key } refers to nothing: no such { $target } is in the document
key-something-refers-to-nothing = something in `{ $element }` refers to nothing: no such { $target } is in the document
key-twice = { $key } appears a second time and must be unique; the first is on line { $line }
key-twice-somewhere = { $key } appears a second time and must be unique

## What a value must be

document-in = `{ $root }` in { $namespace }
document-lacks = the document has no `{ $path }`
document-where = { $path } is `{ $value }`
document-without = without { $path }
rule-address = it must be an address
rule-at-least = it must be at least { $limit }
rule-at-most = it must be at most { $limit }
rule-base64 = it must be base64: letters, digits, `+`, `/`, with `=` at the end
rule-be = it must be { $what }
rule-boolean = it must be `true` or `false`, in small letters
rule-date = a date is written like { $example }
rule-duration = a duration is written like P3D for 3 days, PT12H for 12 hours
rule-exactly = it must be exactly { $amount }
rule-fixed = it must be `{ $value }`
rule-fraction-digits = at most { $amount } after the decimal point
rule-hex = it must be pairs of 0-9 and A-F
rule-language = a language is written like en or en-GB
rule-length = exactly { $amount }
rule-length-at-least = at least { $amount }, it has { $actual }
rule-length-at-most = at most { $amount }, it has { $actual }
rule-length-exactly = exactly { $amount }, it has { $actual }
rule-less-than = it must be less than { $limit }
rule-month = a month is written like { $example }
rule-more-than = it must be more than { $limit }
rule-name = it must be a name without blanks
rule-no-member = it matches none of the allowed forms
rule-no-such-day = this day does not exist
rule-not-listed = it is not one of the values that the schema lists
rule-number-comma = a number is written like { $example }, with a decimal comma and without a unit
rule-number-point = a number is written like { $example }, with a decimal point, without grouping or unit
rule-pattern = it must match the pattern { $pattern }
rule-time = a time is written like { $example }, followed by +01:00 or Z for the zone
rule-time-of-day = a time of day is written like { $example }
rule-value-required = a value is required
rule-whole = it must be a whole number
rule-whole-above-0 = it must be a whole number above 0
rule-whole-not-above-0 = it must be a whole number, not above 0
rule-whole-not-below-0 = it must be a whole number, not below 0
rule-year = a year is written like { $example }
value-its = its value
value-needed = { $source } is needed for `{ $field }` and is missing or empty
value-not-a = `{ $value }` is not { $wanted }, which `{ $field }` requires
wanted-currency = a currency's code such as EUR
wanted-date = a date such as { $example }
wanted-date-formats = a date written as { $formats }
wanted-decimal = a decimal number such as { $example }
wanted-digit = a text with a digit in it
wanted-gtin = a GTIN of 8, 12, 13 or 14 digits
wanted-gtin-check-digit = a GTIN; its check digit is wrong
wanted-gtin-width = a GTIN that fits { $width } digits
wanted-integer = a whole number
wanted-length = a text of at most { $width } characters
wanted-scaled = a whole number with { $scale } decimals and no decimal sign
wanted-time = a time such as { $example }
wanted-time-exists = a time that exists in its zone
wanted-time-formats = a time written as { $formats }
wanted-time-zone = a time (the zone in the mapping is not known)
wanted-true-or-false = true or false
wanted-unit = a unit of UN/ECE Recommendation 20 such as KGM or C62

## Files

csv-cell-error = `{ $value }` is an error of a spreadsheet, not a value
csv-column-missing = the column `{ $column }` is missing; the header has: { $header }
csv-column-repeated = the column `{ $column }` appears { $count } times in the header
csv-control = the file contains a control character: it is not text, or not in the encoding of the flow
csv-date = `{ $value }` is not a date written as { $format }
csv-fields-first-row = the row has { $fields } { $fields ->
        [one] field
       *[other] fields
    }, the first row has { $first }
csv-fields-header = the row has { $fields } { $fields ->
        [one] field
       *[other] fields
    }, the header has { $header }
csv-no-column = none of the columns is in the first line: `{ $line }`
csv-no-header = there is no header row
csv-no-such-day = the day `{ $value }` does not exist
csv-point = `{ $value }` has a point where this file has a decimal comma
csv-quote-open = a quote in this row is never closed: everything after it would become one value
csv-quote-stray = a quote inside this quoted value is not doubled
csv-row-too-long = a row of more than { $limit } bytes
csv-shortened = `{ $value }` is a number that a spreadsheet shortened: its digits are lost
csv-trailer-count = the trailer counts `{ $count }` rows, the file has { $rows }
csv-trailer-missing = the file ends without its trailer row `{ $start }`: rows may be missing
csv-value-control = the value contains a control character: it is not text, or not in the encoding of the flow
encoding-invalid = the file's bytes are not valid { $encoding }
encoding-other = the file declares the encoding `{ $encoding }` but is not written in it
encoding-unknown = the file declares the encoding `{ $encoding }`, which is not known
envelope-empty = the envelope holds no document at `{ $path }`
file-empty = the file is empty
file-is-zip = the file is a zip, but a document is expected here
file-longer = the file has more than { $limit } bytes
file-no-document = there is no document in the file
file-too-large = the file has { $size } bytes; the limit is { $limit }
limit-attributes = more than { $limit } attributes
limit-depth = more than { $limit } levels of elements
limit-elements = more than { $limit } elements
limit-elements-outside = more than { $limit } elements outside the source elements of records
limit-name = more than { $limit } bytes in a name
limit-names = more than { $limit } distinct names of elements and attributes
limit-namespace = more than { $limit } bytes in a namespace
limit-namespaces = more than { $limit } namespaces in scope
limit-text = more than { $limit } bytes of text in one element
limit-time = reading it took too long
line-twice = the same line twice in one record: { $key }; the first is on line { $line }
record-twice = the same record twice in one file: { $key }; the first is on line { $line }
record-twice-line = the same record twice in one file; the first is on line { $line }
schema-none-fits = none of the flow's schemas matches this document: { $document }
validation-broke-down = the schema engine crashed on this document
validation-time = validating it by { $schema } took longer than { $seconds } s
xml-attribute-less-than = a `<` inside an attribute value
xml-attribute-reference = a reference in an attribute that is not one of &amp; &lt; &gt; &quot; &apos; or a character number
xml-attribute-repeated = an attribute appears twice in one tag
xml-attribute-twice = the attribute `{ $attribute }` appears twice
xml-bare-ampersand = a `&` that starts no reference; a plain `&` is written `&amp;`
xml-cdata-end = `]]>` in text; it is written `]]&gt;`
xml-closes-nothing = `</{ $element }>` closes an element that was never opened
xml-closes-other = `</{ $found }>` closes an element that was opened as `<{ $expected }>`
xml-control = the control character { $character }, which XML does not allow
xml-declaration-broken = a broken XML declaration: it is written <?xml version="1.0" encoding="UTF-8"?>
xml-declaration-late = an XML declaration that is not at the very start of the file
xml-doctype = the file has a DOCTYPE, which is not accepted
xml-doctype-declares = the file has a DOCTYPE with declarations of its own, which are never accepted
xml-doctype-inside = the DOCTYPE comes after the start of the root element
xml-ends-in-tag = the file ends in the middle of a tag, comment or declaration: it is truncated
xml-ends-inside = the file ends inside `<{ $element }>`, which starts on line { $line }: it is truncated
xml-instruction = `<?{ $target }` is not a processing instruction
xml-name = `{ $name }` is not a name
xml-no-blank = no blank between two attributes
xml-no-element = there is no element: this is not an XML document
xml-prefix-empty = the prefix `{ $prefix }` is bound to no namespace
xml-prefix-unknown = the prefix of `{ $name }` is not bound to a namespace
xml-reference-outside = a reference outside the root element
xml-reference-unknown = `&{ $name };` is not a reference that XML knows; a plain `&` is written `&amp;`
xml-second-root = a second root element: the file holds more than one document
xml-tag-broken = a broken tag: an attribute is written name="value", and a plain `<` in text is written `&lt;`
xml-tag-open = a tag does not end: this is not an XML document, or it is truncated
xml-text-after = text after the end of the document
xml-text-first = the file does not start with an element: this is not an XML document
xml-text-outside = character data outside the root element
zip-64 = the zip has the format for very large files (zip64), which is not accepted
zip-alike = { $alike } of the { $found } documents in the zip are identical to others in it
zip-encrypted = a file in the zip is encrypted, or uses an unusual compression method
zip-entry-too-large = `{ $name }` in the zip has more than { $limit } bytes
zip-none-fits = no file in the zip is a document of this flow ({ $patterns })
zip-same-name = two files in the zip have the same name
zip-too-large = the files in the zip have more than { $limit } bytes together
zip-too-many = the zip holds more than { $count } files
zip-unreadable = the zip cannot be read ({ $reason })

## What Odoo has

code-unknown = the code `{ $code }` of `{ $field }` is not in { $table } ({ $known })
lookup-closed = the { $what } `{ $name }` exists, but must not be changed any more
lookup-line-none = the record has no line with { $identity } `{ $key }`
lookup-lines-many = the record has several lines with { $identity } `{ $key }`
lookup-many = { $count } { $what } match { $asked } (ids { $ids })
lookup-none = no { $what } with { $asked }
lookup-not-stored = the record that `{ $field }` refers to was not stored
lookup-two = two records of { $model } match ({ $identity }: ids { $ids })
lookup-within = { $asked } within { $scope }
records-gone = { $gone } of the { $all } records of { $model } are no longer in Odoo
table-file = the code table { $file }
table-of-mapping = the mapping's table

## Advice

hint-allowed-here = allowed here: { $names }
hint-complete-before = `{ $parent }` is already complete: remove it
hint-csv-as-text = format the column as text in the spreadsheet, and export it again
hint-csv-cell-error = correct the cell in the spreadsheet, and export it again
hint-csv-close-quote = close the quote, or double it if it is part of the value
hint-csv-columns = the header is missing, or the file has another separator; the columns are: { $columns }
hint-csv-comma = write 12,50, or 1.250,00 with grouping; it is not clear which one is meant
hint-csv-double-quote = write `""` for a quote inside a quoted value
hint-csv-quote-open = a quote that is never closed makes one row of all the lines after it
hint-cut-off = the transfer or the export was cut off: ask for the file again
hint-declare-encoding = declare the encoding that the file is written in, or send it as UTF-8
hint-did-you-mean = did you mean `{ $name }`?
hint-extension-missing = the schema of this extension is missing in the set, or the element is misspelt
hint-key-twice = two have the same number, or one was sent twice (rule `{ $rule }`)
hint-key-unknown = the number is misspelt, or what it refers to is missing (rule `{ $rule }`)
hint-namespace-correct = correct the xmlns declaration; others in the same wrong namespace are not reported again
hint-namespace-write = write `{ $name }`; others in the same wrong namespace are not reported again
hint-no-doctype = send the file without a document type declaration
hint-no-zip = send the document itself, or agree on zips
hint-order = the schema prescribes the order of the elements
hint-other-version = the document is of another version of the format, or its xmlns declaration is missing or wrong
hint-plain-occurrences = the schema allows more combinations than can be tried; ask its author for plain occurrence counts
hint-quote-separator = a separator inside a value must be quoted
hint-remove = remove it
hint-remove-blanks = remove the blanks
hint-remove-surplus = remove the surplus ones
hint-remove-wrong = remove the one that is wrong
hint-rows-missing = rows are missing or doubled: ask for the file again
hint-rule = rule `{ $rule }`
hint-schema-describes = the schema describes { $names }; is it the wrong file, or the wrong folder?
hint-send-again = ask the partner to send it again
hint-separators-missing = separators are missing at the end of the row
hint-something-key-unknown = a number is misspelt, or what it refers to is missing (rule `{ $rule }`)
hint-utf8 = send the file as UTF-8, and declare it so
hint-validation-time = the document or a rule of the schema takes too much work
hint-write = write `{ $value }`
hint-wrong-file = the wrong file, the wrong folder, or another version of the format
hint-zip-alike = no file in it was processed: the export repeats the same document, or its documents are empty
hint-zip-damaged = it is damaged or cut off: ask for it again
hint-zip-deflate = pack it without a password, by the usual method (deflate)
hint-zip-max-bytes = no file in it was processed; `max_bytes` of the flow limits each document
hint-zip-split = no file in it was processed; pack them into several zips
hint-zip-undecided = no file in it was processed; it is not clear which one is meant
hint-zip-usual = pack it in the usual form, which holds 65,534 files and 4 GiB

## Amounts and lists

amount = { $count } { $kind }
amount-at-least = at least { $least } { $kind }
amount-between = { $least } to { $most } { $kind }
amount-only = only { $kind }
amount-up-to = up to { $most } { $kind }
capital-letters = { $count ->
        [one] capital letter
       *[other] capital letters
    }
capitals-or-digits = { $count ->
        [one] capital letter or digit
       *[other] capital letters or digits
    }
characters = { $count ->
        [one] character
       *[other] characters
    }
digits = { $count ->
        [one] digit
       *[other] digits
    }
letters = { $count ->
        [one] letter
       *[other] letters
    }
letters-or-digits = { $count ->
        [one] letter or digit
       *[other] letters or digits
    }
list-and = { $before } and { $last }
list-more = { $shown } and { $more } more
list-or = { $before } or { $last }
list-then = { $before }, then { $last }
list-with = { $before } with { $last }
small-letters = { $count ->
        [one] small letter
       *[other] small letters
    }
values = { $count ->
        [one] value
       *[other] values
    }

## Configuration

config-renamed = `{ $old }` is now called `{ $new }`
hint-migrate = the old name still works; to rewrite it: consign migrate

## The report to a partner

report-line = line { $line }
report-line-column = line { $line }, column { $column }
report-line-field = line { $line }, column "{ $field }"
report-ours = a problem on our side
report-refused = { $name } was not processed (our reference { $id }).
report-wait = We look into this; you need not send the file again.

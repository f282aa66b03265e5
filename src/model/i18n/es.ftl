# Español

## Elements and attributes

attribute-empty = `{ $attribute }` de `{ $element }` está vacío y debe tener un valor
attribute-fixed = el atributo `{ $attribute }` de `{ $element }` debe ser `{ $value }`
attribute-invalid = `{ $value }` no es un `{ $attribute }` válido de `{ $element }`: { $rule }
attribute-missing = falta el atributo `{ $attribute }` en `{ $element }`
attribute-not-allowed = el atributo `{ $attribute }` no está permitido en `{ $element }`
attribute-other = el atributo `{ $attribute }` de `{ $element }`: { $reason }
attribute-type-unknown = `xsi:type` nombra `{ $kind }`, que no es un tipo permitido aquí
attribute-undescribed = ningún esquema describe el atributo `{ $attribute }`, que debe ser conocido en `{ $element }`
element-abstract = `{ $element }` es abstracto: una de sus clases debe ocupar su lugar, o ser nombrada por xsi:type
element-abstract-one-of = `{ $element }` no puede estar por sí mismo: uno de { $names } debe ocupar su lugar
element-breaks-a-rule = `{ $element }` incumple una regla de su esquema
element-breaks-rule = `{ $element }` incumple una regla de su esquema: { $rule }
element-either = aquí puede estar `{ $first }` o `{ $second }`, no ambos
element-ends-without = `{ $element }` termina sin { $names }
element-ends-without-one = `{ $element }` termina sin uno de { $names }
element-holds-text = `{ $element }` contiene elementos, no el texto `{ $text }`
element-incomplete = `{ $element }` no está completo
element-late-after = `{ $element }` está demasiado tarde: no puede seguir a `{ $last }`
element-late-before = `{ $element }` está demasiado tarde: va antes de `{ $before }`
element-missing-before = { $count ->
        [one] falta
       *[other] faltan
    } { $names } antes de `{ $before }`
element-must-be-empty = `{ $element }` debe estar vacío
element-namespace = `{ $element }` está en { $found }; este esquema lo describe en { $expected }
element-nil-content = `{ $element }` está marcado como nulo (xsi:nil) y sin embargo tiene contenido
element-nil-not-allowed = `{ $element }` no puede ser nulo: debe tener un valor
element-not-here = `{ $element }` no puede estar aquí
element-not-here-none-allowed = `{ $element }` no puede estar aquí: `{ $parent }` no contiene elementos
element-other = `{ $element }`: { $reason }
element-too-much-work = validar el contenido de `{ $element }` requiere demasiado trabajo
element-too-often = `{ $element }` solo puede estar aquí { $count } veces
element-twice = `{ $element }` está aquí por segunda vez; solo puede estar una vez
element-type-unknown = `xsi:type` de `{ $element }` nombra `{ $kind }`, que no es un tipo permitido aquí
element-undescribed = ningún esquema describe `{ $element }`, y lo que está aquí debe estar descrito
element-unknown = `{ $element }` no es un elemento de `{ $parent }`
element-wrong-namespace = `{ $element }` está en { $found }; pertenece a { $expected }
group-contradicts = `{ $value }` contradice `{ $first }` de la línea { $line }: las filas de una misma entrada deben coincidir en `{ $field }`
namespace-named = el espacio de nombres `{ $namespace }`
namespace-none = ningún espacio de nombres
root-unknown = un documento `{ $element }` en { $namespace } no es lo que describe el esquema
value-empty = `{ $name }` está vacío y debe tener un valor
value-invalid = `{ $value }` no es un `{ $name }` válido: { $rule }

## Keys

id-refers-to-nothing = `{ $id }` no se refiere a nada: ningún elemento tiene este ID
id-twice = el ID `{ $id }` está aquí por segunda vez
key-attribute = el atributo `{ $field }` `{ $value }` de `{ $element }`
key-element = `{ $field }` `{ $value }`
key-incomplete = a `{ $element }` le falta { $names }, que lo identifica
key-refers-to-nothing = { $key } no se refiere a nada: no hay tal { $target } en el documento
key-something-refers-to-nothing = algo en `{ $element }` no se refiere a nada: no hay tal { $target } en el documento
key-twice = { $key } está aquí por segunda vez y debe ser único; el primero está en la línea { $line }
key-twice-somewhere = { $key } está aquí por segunda vez y debe ser único

## What a value must be

document-in = `{ $root }` en { $namespace }
document-lacks = el documento no tiene `{ $path }`
document-where = { $path } es `{ $value }`
document-without = sin { $path }
rule-address = debe ser una dirección
rule-at-least = debe ser al menos { $limit }
rule-at-most = debe ser como máximo { $limit }
rule-base64 = debe ser base64: letras, dígitos, `+`, `/`, con `=` al final
rule-be = debe ser { $what }
rule-boolean = debe ser `true` o `false`, en minúsculas
rule-date = una fecha se escribe como { $example }
rule-duration = una duración se escribe como P3D para 3 días, PT12H para 12 horas
rule-exactly = deben ser exactamente { $amount }
rule-fixed = debe ser `{ $value }`
rule-fraction-digits = como máximo { $amount } tras el punto decimal
rule-hex = deben ser pares de 0-9 y A-F
rule-language = un idioma se escribe como en o en-GB
rule-length = exactamente { $amount }
rule-length-at-least = al menos { $amount }, tiene { $actual }
rule-length-at-most = como máximo { $amount }, tiene { $actual }
rule-length-exactly = exactamente { $amount }, tiene { $actual }
rule-less-than = debe ser menos que { $limit }
rule-month = un mes se escribe como { $example }
rule-more-than = debe ser más que { $limit }
rule-name = debe ser un nombre sin espacios
rule-no-member = no sigue ninguna de las formas permitidas
rule-no-such-day = ese día no existe
rule-not-listed = no es ninguno de los valores que enumera el esquema
rule-number-comma = un número se escribe como { $example }, con coma decimal y sin unidad
rule-number-point = un número se escribe como { $example }, con punto decimal, sin separador de miles ni unidad
rule-pattern = debe seguir el patrón { $pattern }
rule-time = un momento se escribe como { $example }, seguido de +01:00 o Z para la zona
rule-time-of-day = una hora se escribe como { $example }
rule-value-required = se requiere un valor
rule-whole = debe ser un número entero
rule-whole-above-0 = debe ser un número entero mayor que 0
rule-whole-not-above-0 = debe ser un número entero, no superior a 0
rule-whole-not-below-0 = debe ser un número entero, no inferior a 0
rule-year = un año se escribe como { $example }
value-its = su valor
value-needed = se necesita { $source } (para `{ $field }`) y falta o está vacío
value-not-a = `{ $value }` no es { $wanted } (para `{ $field }`)
wanted-currency = el código de una moneda como EUR
wanted-date = una fecha como { $example }
wanted-date-formats = una fecha escrita como { $formats }
wanted-decimal = un número decimal como { $example }
wanted-digit = un texto con un dígito
wanted-gtin = un GTIN de 8, 12, 13 o 14 dígitos
wanted-gtin-check-digit = un GTIN; su dígito de control es incorrecto
wanted-gtin-width = un GTIN que cabe en { $width } dígitos
wanted-integer = un número entero
wanted-length = un texto de { $width } caracteres como máximo
wanted-scaled = un número entero con { $scale } decimales y sin signo decimal
wanted-time = un momento como { $example }
wanted-time-exists = una hora que existe en su zona
wanted-time-formats = una hora escrita como { $formats }
wanted-time-zone = una hora (la zona acordada no se conoce)
wanted-true-or-false = verdadero o falso (true, false)
wanted-unit = una unidad de la Recomendación 20 de UN/ECE como KGM o C62

## Files

csv-cell-error = `{ $value }` es un error de una hoja de cálculo, no un valor
csv-column-missing = falta la columna `{ $column }`; la cabecera tiene: { $header }
csv-column-repeated = la columna `{ $column }` está { $count } veces en la cabecera
csv-control = el fichero contiene un carácter de control: no es texto, o no está en la codificación acordada
csv-date = `{ $value }` no es una fecha escrita como { $format }
csv-fields-first-row = la fila tiene { $fields } { $fields ->
        [one] campo
       *[other] campos
    }, la primera tiene { $first }
csv-fields-header = la fila tiene { $fields } { $fields ->
        [one] campo
       *[other] campos
    }, la cabecera tiene { $header }
csv-no-column = ninguna de las columnas está en la primera línea: `{ $line }`
csv-no-header = no hay fila de cabecera
csv-no-such-day = `{ $value }` es un día que no existe
csv-point = `{ $value }` tiene un punto donde este fichero tiene coma decimal
csv-quote-open = unas comillas de esta fila nunca se cierran: todo lo que sigue sería un solo valor
csv-quote-stray = una comilla dentro de este valor entre comillas no está duplicada
csv-row-too-long = una fila de más de { $limit } bytes
csv-shortened = `{ $value }` es un número que una hoja de cálculo ha acortado: se han perdido cifras
csv-trailer-count = la fila final cuenta `{ $count }` filas, el fichero tiene { $rows }
csv-trailer-missing = el fichero termina sin su fila final `{ $start }`: quizá falten filas
csv-value-control = el valor contiene un carácter de control: no es texto, o no está en la codificación acordada
encoding-invalid = los bytes del fichero no son { $encoding } válido
encoding-other = el fichero declara la codificación `{ $encoding }` y no está escrito en ella
encoding-unknown = el fichero declara la codificación `{ $encoding }`, que no es conocida
envelope-empty = el sobre no contiene ningún documento en `{ $path }`
file-empty = el fichero está vacío
file-is-zip = el fichero es un zip y aquí se espera un documento
file-longer = el fichero tiene más de { $limit } bytes
file-no-document = no hay ningún documento en el fichero
file-too-large = el fichero tiene { $size } bytes; el límite es { $limit }
limit-attributes = más de { $limit } atributos
limit-depth = más de { $limit } niveles de elementos
limit-elements = más de { $limit } elementos
limit-elements-outside = más de { $limit } elementos fuera de los de los registros
limit-name = más de { $limit } bytes en un nombre
limit-names = más de { $limit } nombres distintos de elementos y atributos
limit-namespace = más de { $limit } bytes en un espacio de nombres
limit-namespaces = más de { $limit } espacios de nombres a la vez
limit-text = más de { $limit } bytes de texto en un elemento
limit-time = la lectura tardó demasiado
line-twice = la misma línea dos veces en un documento: { $key }; la primera está en la línea { $line }
record-twice = la misma entrada dos veces en un fichero: { $key }; la primera está en la línea { $line }
record-twice-line = el mismo registro dos veces en un fichero; el primero está en la línea { $line }
schema-none-fits = este documento no se espera aquí: { $document }
validation-broke-down = la validación falló con este documento
validation-time = la validación con { $schema } tardó más de { $seconds } s
xml-attribute-less-than = un `<` en el valor de un atributo
xml-attribute-reference = una referencia en un atributo que no es &amp; &lt; &gt; &quot; &apos; ni un número de carácter
xml-attribute-repeated = un atributo aparece dos veces en una etiqueta
xml-attribute-twice = el atributo `{ $attribute }` aparece dos veces
xml-bare-ampersand = un `&` que no empieza ninguna referencia; un simple `&` se escribe `&amp;`
xml-cdata-end = `]]>` en el texto; se escribe `]]&gt;`
xml-closes-nothing = `</{ $element }>` cierra un elemento que nunca se abrió
xml-closes-other = `</{ $found }>` cierra un elemento abierto como `<{ $expected }>`
xml-control = el carácter de control { $character }, que XML no permite
xml-declaration-broken = una declaración XML errónea: se escribe <?xml version="1.0" encoding="UTF-8"?>
xml-declaration-late = una declaración XML que no está al principio del fichero
xml-doctype = el fichero tiene un DOCTYPE, que no se acepta
xml-doctype-declares = el fichero tiene un DOCTYPE con declaraciones propias, que nunca se aceptan
xml-doctype-inside = el DOCTYPE está después del comienzo del elemento raíz
xml-ends-in-tag = el fichero termina en medio de una etiqueta: está cortado
xml-ends-inside = el fichero termina dentro de `<{ $element }>`, que empezó en la línea { $line }: está cortado
xml-instruction = `<?{ $target }` no es una instrucción de procesamiento
xml-name = `{ $name }` no es un nombre
xml-no-blank = no hay espacio entre dos atributos
xml-no-element = no hay ningún elemento: no es un documento XML
xml-prefix-empty = el prefijo `{ $prefix }` no está ligado a ningún espacio de nombres
xml-prefix-unknown = el prefijo de `{ $name }` no está ligado a ningún espacio de nombres
xml-reference-outside = una referencia fuera del elemento raíz
xml-reference-unknown = `&{ $name };` no es una referencia que XML conozca; un `&` simple se escribe `&amp;`
xml-second-root = un segundo elemento raíz: el fichero contiene más de un documento
xml-tag-broken = una etiqueta errónea: un atributo se escribe nombre="valor", y un `<` simple en el texto `&lt;`
xml-tag-open = una etiqueta no termina: no es un documento XML, o está cortado
xml-text-after = texto tras el final del documento
xml-text-first = el fichero no empieza con un elemento: no es un documento XML
xml-text-outside = datos de texto fuera del elemento raíz
zip-64 = el zip tiene la forma de los muy grandes (zip64), que no se acepta
zip-alike = { $alike } de los { $found } documentos del zip son idénticos a otros
zip-encrypted = un fichero del zip está cifrado o comprimido de forma inusual
zip-entry-too-large = `{ $name }` del zip tiene más de { $limit } bytes
zip-none-fits = ningún fichero del zip es un documento esperado aquí ({ $patterns })
zip-same-name = dos ficheros del zip tienen el mismo nombre
zip-too-large = los ficheros del zip tienen juntos más de { $limit } bytes
zip-too-many = el zip contiene más de { $count } ficheros
zip-unreadable = el zip no se puede leer ({ $reason })

## What Odoo has

code-unknown = el código `{ $code }` de `{ $field }` no está en { $table } ({ $known })
lookup-closed = { $what } `{ $name }` existe y ya no se puede cambiar
lookup-line-none = el registro no tiene ninguna línea con { $identity } `{ $key }`
lookup-lines-many = el registro tiene varias líneas con { $identity } `{ $key }`
lookup-many = { $count } { $what } corresponden a { $asked } (ids { $ids })
lookup-none = ningún { $what } con { $asked }
lookup-not-stored = el registro al que se refiere `{ $field }` no se guardó
lookup-two = dos registros de { $model } corresponden ({ $identity }: ids { $ids })
lookup-within = { $asked } dentro de { $scope }
records-gone = { $gone } de los { $all } registros de { $model } ya no están en Odoo
table-file = la tabla de códigos { $file }
table-of-mapping = la tabla del mapeo

## Advice

hint-allowed-here = aquí puede estar: { $names }
hint-complete-before = `{ $parent }` está completo antes: quítelo
hint-csv-as-text = dé formato de texto a la columna en la hoja de cálculo y exporte otra vez
hint-csv-cell-error = corrija la celda en la hoja de cálculo y exporte otra vez
hint-csv-close-quote = cierre las comillas, o duplíquelas si son parte del valor
hint-csv-columns = falta la cabecera, o el fichero tiene otro separador; las columnas son: { $columns }
hint-csv-comma = escriba 12,50, o 1.250,00 con agrupación; no se puede adivinar cuál de los dos se quiere
hint-csv-double-quote = escriba `""` para una comilla dentro de un valor entre comillas
hint-csv-quote-open = unas comillas que nunca se cierran hacen una sola fila de todas las siguientes
hint-cut-off = la transferencia o la exportación se interrumpió: envíe el fichero otra vez
hint-declare-encoding = declare la codificación real del fichero o envíelo en UTF-8
hint-did-you-mean = ¿quería decir `{ $name }`?
hint-extension-missing = nos falta el esquema de esta extensión, o el elemento está mal escrito
hint-key-twice = dos llevan el mismo número o uno se envió dos veces (regla `{ $rule }`)
hint-key-unknown = el número está mal escrito o falta aquello a lo que se refiere (regla `{ $rule }`)
hint-namespace-correct = corrija la declaración xmlns; otros en el mismo espacio de nombres erróneo ya no se indican
hint-namespace-write = escriba `{ $name }`; otros en el mismo espacio de nombres erróneo ya no se indican
hint-no-doctype = envíe el fichero sin declaración de tipo de documento
hint-no-zip = envíe el documento mismo o acuerde con nosotros el uso de zips
hint-order = el esquema prescribe el orden de los elementos
hint-other-version = otra versión del formato que la esperada, o una declaración xmlns ausente o errónea
hint-plain-occurrences = el esquema permite más combinaciones de las que se pueden probar; pida a su autor números de ocurrencias sencillos
hint-quote-separator = un valor con separador debe ir entre comillas
hint-remove = quítelo
hint-remove-blanks = quite los espacios
hint-remove-surplus = quite lo que sobra
hint-remove-wrong = quite el que sobra
hint-rows-missing = faltan filas o están repetidas: envíe el fichero otra vez
hint-rule = regla `{ $rule }`
hint-schema-describes = el esquema describe { $names }; ¿es el fichero equivocado o la carpeta equivocada?
hint-send-again = envíe el fichero otra vez
hint-separators-missing = faltan separadores al final
hint-something-key-unknown = el número está mal escrito o falta aquello a lo que se refiere (regla `{ $rule }`)
hint-utf8 = envíe el fichero en UTF-8 y declárelo así
hint-validation-time = el documento o una regla del esquema requiere demasiado trabajo
hint-write = escriba `{ $value }`
hint-wrong-file = el fichero equivocado, la carpeta equivocada u otra versión del formato
hint-zip-alike = no se ha tomado ningún fichero: la exportación se repite, o sus documentos están vacíos
hint-zip-damaged = está dañado o cortado: envíelo otra vez
hint-zip-deflate = comprímalo sin contraseña, con el método habitual (deflate)
hint-zip-max-bytes = no se ha tomado ningún fichero; es el límite acordado para cada documento
hint-zip-split = no se ha tomado ningún fichero; repártalos en varios zips
hint-zip-undecided = no se ha tomado ningún fichero; no se puede decidir cuál vale
hint-zip-usual = comprímalo en la forma usual, que admite 65.534 ficheros y 4 GiB

## Amounts and lists

amount = { $count } { $kind }
amount-at-least = al menos { $least } { $kind }
amount-between = { $least } a { $most } { $kind }
amount-only = solo { $kind }
amount-up-to = hasta { $most } { $kind }
capital-letters = { $count ->
        [one] mayúscula
       *[other] mayúsculas
    }
capitals-or-digits = { $count ->
        [one] mayúscula o dígito
       *[other] mayúsculas o dígitos
    }
characters = { $count ->
        [one] carácter
       *[other] caracteres
    }
digits = { $count ->
        [one] dígito
       *[other] dígitos
    }
letters = { $count ->
        [one] letra
       *[other] letras
    }
letters-or-digits = { $count ->
        [one] letra o dígito
       *[other] letras o dígitos
    }
list-and = { $before } y { $last }
list-more = { $shown } y { $more } más
list-or = { $before } o { $last }
list-then = { $before }, luego { $last }
list-with = { $before } con { $last }
small-letters = { $count ->
        [one] minúscula
       *[other] minúsculas
    }
values = { $count ->
        [one] valor
       *[other] valores
    }

## Configuration

config-renamed = `{ $old }` se llama ahora `{ $new }`
hint-migrate = el nombre antiguo sigue valiendo; consign migrate escribe el nuevo

## The report to a partner

report-line = línea { $line }
report-line-column = línea { $line }, columna { $column }
report-line-field = línea { $line }, columna "{ $field }"
report-ours = un problema en nuestra parte
report-refused = { $name } no se ha procesado (nuestra referencia { $id }).
report-wait = Nos ocupamos de ello; no hace falta que envíe el fichero otra vez.

## Codes: what they mean, and what to do

C201 = el fichero está vacío
    .advice = 0 bytes o solo espacios. Seguramente la exportación se interrumpió: envíe el fichero otra vez.
C202 = el fichero no es XML bien formado
    .advice = Está cortado, no es XML o contiene una etiqueta errónea. La posición indica dónde tuvo que parar la lectura.
C203 = los bytes del fichero no corresponden a su codificación
    .advice = El fichero declara una codificación que no es la suya. Envíelo en UTF-8.
C204 = el fichero tiene un DOCTYPE
    .advice = No se aceptan declaraciones de tipo de documento. Envíe el fichero sin ella.
C205 = el fichero supera un límite
    .advice = El tamaño, la profundidad, el número de elementos o la longitud de un valor supera lo que se acepta.
C206 = tipo de documento equivocado para esta carpeta
    .advice = El fichero equivocado, la carpeta equivocada u otra versión del formato.
C210 = elemento inesperado
    .advice = Mal escrito, fuera de lugar o no previsto en este documento.
C211 = falta algo obligatorio
    .advice = El elemento termina antes de que haya venido todo lo que debe contener.
C212 = valor no válido
    .advice = Formato incorrecto, demasiado largo, fuera de rango o no está en la lista de valores.
C213 = falta un atributo o no está permitido
    .advice = El mensaje nombra el atributo.
C214 = clave repetida o referencia a nada
    .advice = Estos valores deben ser únicos o referirse unos a otros.
C219 = el documento incumple una regla de su esquema
    .advice = Compruebe este lugar con el esquema.
C220 = una fila CSV tiene otro número de campos que la cabecera
    .advice = A menudo hay un separador dentro de un valor sin comillas.
C221 = cabecera CSV inesperada
    .advice = Falta una columna o aparece dos veces.
C222 = el zip no se puede descomprimir
    .advice = Dañado, cifrado, sin ningún documento esperado o demasiado grande. No se ha tomado nada de él.
C313 = el fichero está vacío y se ha quedado donde estaba
    .advice = Envíelo otra vez.
C401 = falta un valor necesario en el documento
    .advice = Sin él no se puede procesar el documento.
C402 = un valor no se puede convertir
    .advice = El mensaje muestra el valor y la forma esperada.
C405 = una entrada está repetida o se contradice
    .advice = Dos entradas tienen la misma identidad, o las filas de una entrada se contradicen. No se puede decidir cuál vale.

# Français

## Elements and attributes

attribute-empty = `{ $attribute }` de `{ $element }` est vide et doit avoir une valeur
attribute-fixed = l'attribut `{ $attribute }` de `{ $element }` doit être `{ $value }`
attribute-invalid = `{ $value }` n'est pas un `{ $attribute }` valide de `{ $element }` : { $rule }
attribute-missing = l'attribut `{ $attribute }` manque dans `{ $element }`
attribute-not-allowed = l'attribut `{ $attribute }` n'est pas autorisé dans `{ $element }`
attribute-other = l'attribut `{ $attribute }` de `{ $element }` : { $reason }
attribute-type-unknown = `xsi:type` nomme `{ $kind }`, qui n'est pas un type permis ici
attribute-undescribed = aucun schéma ne décrit l'attribut `{ $attribute }`, qui doit être connu dans `{ $element }`
element-abstract = `{ $element }` est abstrait : un de ses genres doit prendre sa place, ou être nommé par xsi:type
element-abstract-one-of = `{ $element }` ne peut figurer lui-même : l'un de { $names } doit prendre sa place
element-breaks-a-rule = `{ $element }` enfreint une règle de son schéma
element-breaks-rule = `{ $element }` enfreint une règle de son schéma : { $rule }
element-either = soit `{ $first }`, soit `{ $second }` peut figurer ici, pas les deux
element-ends-without = `{ $element }` se termine sans { $names }
element-ends-without-one = `{ $element }` se termine sans l'un de { $names }
element-holds-text = `{ $element }` contient des éléments, non le texte `{ $text }`
element-incomplete = `{ $element }` n'est pas complet
element-late-after = `{ $element }` vient trop tard : il ne peut suivre `{ $last }`
element-late-before = `{ $element }` vient trop tard : sa place est avant `{ $before }`
element-missing-before = { $names } { $count ->
        [one] manque
       *[other] manquent
    } avant `{ $before }`
element-must-be-empty = `{ $element }` doit être vide
element-namespace = `{ $element }` est dans { $found } ; ce schéma le décrit dans { $expected }
element-nil-content = `{ $element }` est marqué nul (xsi:nil) et a pourtant un contenu
element-nil-not-allowed = `{ $element }` ne peut être nul : il doit avoir une valeur
element-not-here = `{ $element }` ne peut figurer ici
element-not-here-none-allowed = `{ $element }` ne peut figurer ici : `{ $parent }` ne contient pas d'éléments
element-other = `{ $element }` : { $reason }
element-too-much-work = valider le contenu de `{ $element }` demande trop de travail
element-too-often = `{ $element }` ne peut figurer ici que { $count } fois
element-twice = `{ $element }` figure ici une deuxième fois ; une seule est permise
element-type-unknown = `xsi:type` de `{ $element }` nomme `{ $kind }`, qui n'est pas un type permis ici
element-undescribed = aucun schéma ne décrit `{ $element }`, et ce qui figure ici doit être décrit
element-unknown = `{ $element }` n'est pas un élément de `{ $parent }`
element-wrong-namespace = `{ $element }` est dans { $found } ; sa place est dans { $expected }
group-contradicts = `{ $value }` contredit `{ $first }` à la ligne { $line } : les lignes d'une même entrée doivent s'accorder sur `{ $field }`
namespace-named = l'espace de noms `{ $namespace }`
namespace-none = aucun espace de noms
root-unknown = un document `{ $element }` dans { $namespace } n'est pas ce que le schéma décrit
value-empty = `{ $name }` est vide et doit avoir une valeur
value-invalid = `{ $value }` n'est pas un `{ $name }` valide : { $rule }

## Keys

id-refers-to-nothing = `{ $id }` ne renvoie à rien : aucun élément n'a cet ID
id-twice = l'ID `{ $id }` figure ici une deuxième fois
key-attribute = l'attribut `{ $field }` `{ $value }` de `{ $element }`
key-element = `{ $field }` `{ $value }`
key-incomplete = `{ $element }` n'a pas { $names }, qui l'identifie
key-refers-to-nothing = { $key } ne renvoie à rien : aucun { $target } de ce nom dans le document
key-something-refers-to-nothing = quelque chose dans `{ $element }` ne renvoie à rien : aucun { $target } de ce nom dans le document
key-twice = { $key } figure ici une deuxième fois et doit être unique ; le premier est à la ligne { $line }
key-twice-somewhere = { $key } figure ici une deuxième fois et doit être unique

## What a value must be

document-in = `{ $root }` dans { $namespace }
document-lacks = le document n'a pas de `{ $path }`
document-where = { $path } est `{ $value }`
document-without = sans { $path }
rule-address = ce doit être une adresse
rule-at-least = ce doit être au moins { $limit }
rule-at-most = ce doit être au plus { $limit }
rule-base64 = ce doit être du base64 : lettres, chiffres, `+`, `/`, avec `=` à la fin
rule-be = ce doit être { $what }
rule-boolean = ce doit être `true` ou `false`, en minuscules
rule-date = une date s'écrit comme { $example }
rule-duration = une durée s'écrit comme P3D pour 3 jours, PT12H pour 12 heures
rule-exactly = ce doit être exactement { $amount }
rule-fixed = ce doit être `{ $value }`
rule-fraction-digits = au plus { $amount } après le point décimal
rule-hex = ce doit être des paires de 0-9 et A-F
rule-language = une langue s'écrit comme en ou en-GB
rule-length = exactement { $amount }
rule-length-at-least = au moins { $amount }, il y en a { $actual }
rule-length-at-most = au plus { $amount }, il y en a { $actual }
rule-length-exactly = exactement { $amount }, il y en a { $actual }
rule-less-than = ce doit être moins que { $limit }
rule-month = un mois s'écrit comme { $example }
rule-more-than = ce doit être plus que { $limit }
rule-name = ce doit être un nom sans espaces
rule-no-member = elle ne suit aucune des formes permises
rule-no-such-day = ce jour n'existe pas
rule-not-listed = ce n'est aucune des valeurs que le schéma énumère
rule-number-comma = un nombre s'écrit comme { $example }, avec une virgule décimale et sans unité
rule-number-point = un nombre s'écrit comme { $example }, avec un point décimal, sans séparateur de milliers ni unité
rule-pattern = ce doit suivre le motif { $pattern }
rule-time = un moment s'écrit comme { $example }, suivi de +01:00 ou Z pour le fuseau
rule-time-of-day = une heure s'écrit comme { $example }
rule-value-required = une valeur est obligatoire
rule-whole = ce doit être un nombre entier
rule-whole-above-0 = ce doit être un nombre entier supérieur à 0
rule-whole-not-above-0 = ce doit être un nombre entier, pas supérieur à 0
rule-whole-not-below-0 = ce doit être un nombre entier, pas inférieur à 0
rule-year = une année s'écrit comme { $example }
value-its = sa valeur
value-needed = { $source } est nécessaire (pour `{ $field }`) et manque ou est vide
value-not-a = `{ $value }` n'est pas { $wanted } (pour `{ $field }`)
wanted-currency = le code d'une monnaie comme EUR
wanted-date = une date comme { $example }
wanted-date-formats = une date écrite comme { $formats }
wanted-decimal = un nombre décimal comme { $example }
wanted-digit = un texte avec un chiffre
wanted-gtin = un GTIN de 8, 12, 13 ou 14 chiffres
wanted-gtin-check-digit = un GTIN ; sa clé de contrôle est fausse
wanted-gtin-width = un GTIN qui tient en { $width } chiffres
wanted-integer = un nombre entier
wanted-length = un texte de { $width } caractères au plus
wanted-scaled = un nombre entier avec { $scale } décimales et sans signe décimal
wanted-time = un moment comme { $example }
wanted-time-exists = une heure qui existe dans son fuseau
wanted-time-formats = une heure écrite comme { $formats }
wanted-time-zone = une heure (le fuseau convenu est inconnu)
wanted-true-or-false = vrai ou faux (true, false)
wanted-unit = une unité de la Recommandation 20 de l'UN/ECE comme KGM ou C62

## Files

csv-cell-error = `{ $value }` est une erreur de tableur, pas une valeur
csv-column-missing = la colonne `{ $column }` manque ; l'en-tête a : { $header }
csv-column-repeated = la colonne `{ $column }` figure { $count } fois dans l'en-tête
csv-control = le fichier contient un caractère de contrôle : ce n'est pas du texte, ou pas dans l'encodage convenu
csv-date = `{ $value }` n'est pas une date écrite comme { $format }
csv-fields-first-row = la ligne a { $fields } { $fields ->
        [one] champ
       *[other] champs
    }, la première en a { $first }
csv-fields-header = la ligne a { $fields } { $fields ->
        [one] champ
       *[other] champs
    }, l'en-tête en a { $header }
csv-no-column = aucune des colonnes n'est dans la première ligne : `{ $line }`
csv-no-header = il n'y a pas de ligne d'en-tête
csv-no-such-day = `{ $value }` est un jour qui n'existe pas
csv-point = `{ $value }` a un point là où ce fichier a une virgule décimale
csv-quote-open = un guillemet de cette ligne n'est jamais fermé : tout ce qui suit deviendrait une seule valeur
csv-quote-stray = un guillemet dans cette valeur entre guillemets n'est pas doublé
csv-row-too-long = une ligne de plus de { $limit } octets
csv-shortened = `{ $value }` est un nombre raccourci par un tableur : des chiffres sont perdus
csv-trailer-count = la ligne de fin compte `{ $count }` lignes, le fichier en a { $rows }
csv-trailer-missing = le fichier se termine sans sa ligne de fin `{ $start }` : des lignes manquent peut-être
csv-value-control = la valeur contient un caractère de contrôle : ce n'est pas du texte, ou pas dans l'encodage convenu
encoding-invalid = les octets du fichier ne sont pas du { $encoding } valide
encoding-other = le fichier annonce l'encodage `{ $encoding }` et n'est pas écrit ainsi
encoding-unknown = le fichier annonce l'encodage `{ $encoding }`, qui n'est pas connu
envelope-empty = l'enveloppe ne contient pas de document à `{ $path }`
file-empty = le fichier est vide
file-is-zip = le fichier est un zip, alors qu'un document est attendu ici
file-longer = le fichier a plus de { $limit } octets
file-no-document = il n'y a pas de document dans le fichier
file-too-large = le fichier a { $size } octets ; la limite est { $limit }
limit-attributes = plus de { $limit } attributs
limit-depth = plus de { $limit } niveaux d'éléments
limit-elements = plus de { $limit } éléments
limit-elements-outside = plus de { $limit } éléments hors de ceux des enregistrements
limit-name = plus de { $limit } octets dans un nom
limit-names = plus de { $limit } noms différents d'éléments et d'attributs
limit-namespace = plus de { $limit } octets dans un espace de noms
limit-namespaces = plus de { $limit } espaces de noms à la fois
limit-text = plus de { $limit } octets de texte dans un élément
limit-time = la lecture a pris trop de temps
line-twice = la même ligne deux fois dans un document : { $key } ; la première est à la ligne { $line }
record-twice = la même entrée deux fois dans un fichier : { $key } ; la première est à la ligne { $line }
record-twice-line = le même enregistrement deux fois dans un fichier ; le premier est à la ligne { $line }
schema-none-fits = ce document n'est pas attendu ici : { $document }
validation-broke-down = la validation a échoué sur ce document
validation-time = la validation par { $schema } a pris plus de { $seconds } s
xml-attribute-less-than = un `<` dans la valeur d'un attribut
xml-attribute-reference = dans un attribut, une référence qui n'est ni &amp; &lt; &gt; &quot; &apos; ni un numéro de caractère
xml-attribute-repeated = un attribut figure deux fois dans une balise
xml-attribute-twice = l'attribut `{ $attribute }` figure deux fois
xml-bare-ampersand = un `&` qui ne commence aucune référence ; un simple `&` s'écrit `&amp;`
xml-cdata-end = `]]>` dans le texte ; on l'écrit `]]&gt;`
xml-closes-nothing = `</{ $element }>` ferme un élément qui n'a jamais été ouvert
xml-closes-other = `</{ $found }>` ferme un élément ouvert comme `<{ $expected }>`
xml-control = le caractère de contrôle { $character }, que XML n'admet pas
xml-declaration-broken = une déclaration XML fautive : on l'écrit <?xml version="1.0" encoding="UTF-8"?>
xml-declaration-late = une déclaration XML qui n'est pas au tout début du fichier
xml-doctype = le fichier a un DOCTYPE, qui n'est pas accepté
xml-doctype-declares = le fichier a un DOCTYPE avec ses propres déclarations, jamais acceptées
xml-doctype-inside = le DOCTYPE vient après le début de l'élément racine
xml-ends-in-tag = le fichier se termine au milieu d'une balise : il est tronqué
xml-ends-inside = le fichier se termine dans `<{ $element }>`, commencé à la ligne { $line } : il est tronqué
xml-instruction = `<?{ $target }` n'est pas une instruction de traitement
xml-name = `{ $name }` n'est pas un nom
xml-no-blank = pas d'espace entre deux attributs
xml-no-element = il n'y a pas d'élément : ce n'est pas un document XML
xml-prefix-empty = le préfixe `{ $prefix }` n'est lié à aucun espace de noms
xml-prefix-unknown = le préfixe de `{ $name }` n'est lié à aucun espace de noms
xml-reference-outside = une référence hors de l'élément racine
xml-reference-unknown = `&{ $name };` n'est pas une référence connue de XML ; un simple `&` s'écrit `&amp;`
xml-second-root = un deuxième élément racine : le fichier contient plus d'un document
xml-tag-broken = une balise fautive : un attribut s'écrit nom="valeur", et un simple `<` dans le texte `&lt;`
xml-tag-open = une balise ne se termine pas : ce n'est pas un document XML, ou il est tronqué
xml-text-after = du texte après la fin du document
xml-text-first = le fichier ne commence pas par un élément : ce n'est pas un document XML
xml-text-outside = données textuelles hors de l'élément racine
zip-64 = le zip est dans la forme des très grands (zip64), qui n'est pas acceptée
zip-alike = { $alike } des { $found } documents du zip sont identiques à d'autres
zip-encrypted = un fichier du zip est chiffré, ou compressé de façon inhabituelle
zip-entry-too-large = `{ $name }` dans le zip a plus de { $limit } octets
zip-none-fits = aucun fichier du zip n'est un document attendu ici ({ $patterns })
zip-same-name = deux fichiers du zip portent le même nom
zip-too-large = les fichiers du zip ont ensemble plus de { $limit } octets
zip-too-many = le zip contient plus de { $count } fichiers
zip-unreadable = le zip ne peut être lu ({ $reason })

## What Odoo has

code-unknown = le code `{ $code }` de `{ $field }` n'est pas dans { $table } ({ $known })
lookup-closed = { $what } `{ $name }` existe et ne peut plus être modifié
lookup-line-none = l'enregistrement n'a pas de ligne avec { $identity } `{ $key }`
lookup-lines-many = l'enregistrement a plusieurs lignes avec { $identity } `{ $key }`
lookup-many = { $count } { $what } correspondent à { $asked } (ids { $ids })
lookup-none = aucun { $what } avec { $asked }
lookup-not-stored = l'enregistrement auquel `{ $field }` renvoie n'a pas été enregistré
lookup-two = deux enregistrements de { $model } correspondent ({ $identity } : ids { $ids })
lookup-within = { $asked } dans { $scope }
records-gone = { $gone } des { $all } enregistrements de { $model } ne sont plus dans Odoo
table-file = la table de codes { $file }
table-of-mapping = la table du mapping

## Advice

hint-allowed-here = ici peut figurer : { $names }
hint-complete-before = `{ $parent }` est complet avant lui : retirez-le
hint-csv-as-text = mettez la colonne au format texte dans le tableur, puis exportez à nouveau
hint-csv-cell-error = corrigez la cellule dans le tableur, puis exportez à nouveau
hint-csv-close-quote = fermez le guillemet, ou doublez-le s'il fait partie de la valeur
hint-csv-columns = l'en-tête manque, ou le fichier a un autre séparateur ; les colonnes sont : { $columns }
hint-csv-comma = écrivez 12,50, ou 1.250,00 avec groupement ; lequel des deux est voulu ne se devine pas
hint-csv-double-quote = écrivez `""` pour un guillemet dans une valeur entre guillemets
hint-csv-quote-open = un guillemet jamais fermé fait une seule ligne de toutes celles qui suivent
hint-cut-off = le transfert ou l'export a été interrompu : renvoyez le fichier
hint-declare-encoding = déclarez l'encodage réel du fichier, ou envoyez-le en UTF-8
hint-did-you-mean = vouliez-vous dire `{ $name }` ?
hint-extension-missing = le schéma de cette extension nous manque, ou l'élément est mal orthographié
hint-key-twice = deux portent le même numéro, ou l'un a été envoyé deux fois (règle `{ $rule }`)
hint-key-unknown = le numéro est mal écrit, ou ce à quoi il renvoie manque (règle `{ $rule }`)
hint-namespace-correct = corrigez la déclaration xmlns ; d'autres dans le même espace de noms erroné ne sont plus signalés
hint-namespace-write = écrivez `{ $name }` ; d'autres dans le même espace de noms erroné ne sont plus signalés
hint-no-doctype = envoyez le fichier sans déclaration de type de document
hint-no-zip = envoyez le document lui-même, ou convenez de zips avec nous
hint-order = le schéma prescrit l'ordre des éléments
hint-other-version = une autre version du format que celle attendue, ou une déclaration xmlns absente ou fausse
hint-plain-occurrences = le schéma permet plus de combinaisons qu'on n'en peut essayer ; demandez à son auteur de simples nombres d'occurrences
hint-quote-separator = une valeur avec un séparateur doit être entre guillemets
hint-remove = retirez-le
hint-remove-blanks = retirez les espaces
hint-remove-surplus = retirez ce qui est en trop
hint-remove-wrong = retirez celui qui est de trop
hint-rows-missing = des lignes manquent ou sont en double : renvoyez le fichier
hint-rule = règle `{ $rule }`
hint-schema-describes = le schéma décrit { $names } ; est-ce le mauvais fichier ou le mauvais dossier ?
hint-send-again = renvoyez le fichier
hint-separators-missing = des séparateurs manquent à la fin
hint-something-key-unknown = le numéro est mal écrit, ou ce à quoi il renvoie manque (règle `{ $rule }`)
hint-utf8 = envoyez le fichier en UTF-8, et déclarez-le ainsi
hint-validation-time = le document ou une règle du schéma demande trop de travail
hint-write = écrivez `{ $value }`
hint-wrong-file = le mauvais fichier, le mauvais dossier, ou une autre version du format
hint-zip-alike = aucun fichier n'en a été pris : l'export se répète, ou ses documents sont vides
hint-zip-damaged = il est endommagé ou tronqué : renvoyez-le
hint-zip-deflate = compressez-le sans mot de passe, avec la méthode habituelle (deflate)
hint-zip-max-bytes = aucun fichier n'en a été pris ; c'est la limite convenue pour chaque document
hint-zip-split = aucun fichier n'en a été pris ; répartissez-les dans plusieurs zips
hint-zip-undecided = aucun fichier n'en a été pris ; on ne peut décider lequel vaut
hint-zip-usual = compressez-le dans la forme usuelle, qui contient 65 534 fichiers et 4 Gio

## Amounts and lists

amount = { $count } { $kind }
amount-at-least = au moins { $least } { $kind }
amount-between = { $least } à { $most } { $kind }
amount-only = seulement { $kind }
amount-up-to = jusqu'à { $most } { $kind }
capital-letters = { $count ->
        [one] majuscule
       *[other] majuscules
    }
capitals-or-digits = { $count ->
        [one] majuscule ou chiffre
       *[other] majuscules ou chiffres
    }
characters = { $count ->
        [one] caractère
       *[other] caractères
    }
digits = { $count ->
        [one] chiffre
       *[other] chiffres
    }
letters = { $count ->
        [one] lettre
       *[other] lettres
    }
letters-or-digits = { $count ->
        [one] lettre ou chiffre
       *[other] lettres ou chiffres
    }
list-and = { $before } et { $last }
list-more = { $shown } et { $more } autres
list-or = { $before } ou { $last }
list-then = { $before }, puis { $last }
list-with = { $before } avec { $last }
small-letters = { $count ->
        [one] minuscule
       *[other] minuscules
    }
values = { $count ->
        [one] valeur
       *[other] valeurs
    }

## Configuration

config-renamed = `{ $old }` s'appelle maintenant `{ $new }`
hint-migrate = l'ancien nom reste valable ; consign migrate écrit le nouveau

## The report to a partner

report-line = ligne { $line }
report-line-column = ligne { $line }, colonne { $column }
report-line-field = ligne { $line }, colonne "{ $field }"
report-ours = un problème chez nous
report-refused = { $name } n'a pas été traité (notre référence { $id }).
report-wait = Nous nous en occupons ; il n'est pas nécessaire de renvoyer le fichier.

## Codes: what they mean, and what to do

C201 = le fichier est vide
    .advice = 0 octet, ou rien que des espaces. L'export a sans doute été interrompu : renvoyez le fichier.
C202 = le fichier n'est pas du XML bien formé
    .advice = Il est tronqué, n'est pas du XML, ou contient une balise fautive. La position montre où la lecture a dû s'arrêter.
C203 = les octets du fichier ne correspondent pas à son encodage
    .advice = Le fichier annonce un encodage qui n'est pas le sien. Envoyez-le en UTF-8.
C204 = le fichier a un DOCTYPE
    .advice = Les déclarations de type de document ne sont pas acceptées. Envoyez le fichier sans elle.
C205 = le fichier dépasse une limite
    .advice = La taille, la profondeur, le nombre d'éléments ou la longueur d'une valeur dépasse ce qui est accepté.
C206 = type de document inattendu pour ce dossier
    .advice = Le mauvais fichier, le mauvais dossier, ou une autre version du format.
C210 = élément inattendu
    .advice = Mal écrit, au mauvais endroit, ou absent de ce type de document.
C211 = il manque quelque chose d'obligatoire
    .advice = L'élément se termine avant que tout ce qu'il doit contenir soit venu.
C212 = valeur non valide
    .advice = Mauvais format, trop longue, hors limites, ou absente de la liste des valeurs.
C213 = un attribut manque ou n'est pas autorisé
    .advice = Le message nomme l'attribut.
C214 = clé en double, ou référence à rien
    .advice = Ces valeurs doivent être uniques, ou se référer l'une à l'autre.
C219 = le document enfreint une règle de son schéma
    .advice = Vérifiez cet endroit par rapport au schéma.
C220 = une ligne CSV n'a pas le même nombre de champs que l'en-tête
    .advice = Souvent, un séparateur figure dans une valeur sans guillemets.
C221 = en-tête CSV inattendu
    .advice = Une colonne manque, ou figure deux fois.
C222 = le zip ne peut pas être décompressé
    .advice = Endommagé, chiffré, sans document attendu, ou trop grand. Rien n'en a été pris.
C313 = le fichier est vide et est resté à sa place
    .advice = Renvoyez-le.
C401 = une valeur nécessaire manque dans le document
    .advice = Sans elle, le document ne peut être traité.
C402 = une valeur ne peut être convertie
    .advice = Le message montre la valeur et la forme attendue.
C405 = une entrée est en double, ou se contredit
    .advice = Deux entrées ont la même identité, ou les lignes d'une entrée se contredisent. On ne peut décider laquelle vaut.

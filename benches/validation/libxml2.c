/* libxml2 validating while it parses (xmlSchemaValidateStream over its SAX parser): no tree is built.
   usage: libxml2 SCHEMA FILE; prints nothing, exits with 0 when the file is valid. */
#include <stdio.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(argv[1]);
    xmlSchemaPtr schema = parser ? xmlSchemaParse(parser) : NULL;
    xmlSchemaValidCtxtPtr valid = schema ? xmlSchemaNewValidCtxt(schema) : NULL;
    xmlParserInputBufferPtr input = xmlParserInputBufferCreateFilename(argv[2], XML_CHAR_ENCODING_NONE);
    if (!valid || !input) {
        return 2;
    }
    static xmlSAXHandler nothing;
    nothing.initialized = XML_SAX2_MAGIC;
    return xmlSchemaValidateStream(valid, input, XML_CHAR_ENCODING_NONE, &nothing, NULL) == 0 ? 0 : 1;
}

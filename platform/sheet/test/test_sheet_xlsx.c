/* XLSX as other programs write it, and archives that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/sheet/test/book.h"
#include "platform/sheet/xlsx_number.h"

#define STYLES                                                                                     \
	"<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"yyyy&quot;年&quot;m\\-d\"/>"  \
	"<numFmt numFmtId=\"171\" formatCode=\"[Red]0.00&quot;day&quot;\"/></numFmts>"             \
	"<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/>"          \
	"<xf numFmtId=\"14\"/><xf numFmtId=\"170\"/><xf numFmtId=\"171\"/><xf numFmtId=\"20\"/>"   \
	"</cellXfs></styleSheet>"
#define ONE_ROW "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"
#define STRINGS                                                                                    \
	"<sst><si><t>房号</t></si><si><r><t>a</t></r><r><t xml:space=\"preserve\"> b</t></r>"    \
	"<rPh><t>aid</t></rPh></si><si><t>_x000D_'=x</t></si><si/><si><t>''=y</t></si></sst>"

static char text[1 << 16];
static struct sheet_mistake mistake;

static enum err read_parts(const struct part *parts)
{
	size_t len;
	char *bytes = book_of(parts, &len);
	int fd = file_of(bytes, len);
	enum err err = text_of(fd, SHEET_ENCODING_AUTO, text, sizeof text, &mistake);

	close(fd);
	free(bytes);
	return err;
}

static enum err read_sheet(const char *xml, size_t repeat)
{
	const struct part parts[] = {
	        {"xl/worksheets/sheet1.xml", xml,     repeat},
	        {"xl/styles.xml",            STYLES,  0     },
	        {"xl/sharedStrings.xml",     STRINGS, 0     },
	        {NULL,	               NULL,    0     }
        };

	return read_parts(parts);
}

static void reads(const char *rows, const char *expected)
{
	char xml[4096];

	snprintf(xml, sizeof xml, "<worksheet><sheetData>%s</sheetData></worksheet>", rows);
	if (read_sheet(xml, 0))
		fail_msg("%s at row %d", sheet_fault_word(mistake.fault), (int)mistake.row);
	assert_string_equal(text, expected);
}

static void fails(const char *rows, enum sheet_fault fault, int row)
{
	char xml[4096];

	snprintf(xml, sizeof xml, "<worksheet><sheetData>%s</sheetData></worksheet>", rows);
	assert_int_equal(read_sheet(xml, 0), ERR_BAD_INPUT);
	assert_string_equal(sheet_fault_word(mistake.fault), sheet_fault_word(fault));
	assert_int_equal(mistake.row, row);
}

static void cells_of_all_types(void **state)
{
	(void)state;
	reads("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>",
	      "1:房号|a b\n");
	reads("<row><c t=\"inlineStr\"><is><t>x</t><rPh><t>no</t></rPh></is></c>"
	      "<c t=\"str\"><f>A1</f><v>y</v></c><c t=\"b\"><v>1</v></c><c t=\"b\"><v>0</v></c>"
	      "<c t=\"e\"><v>#N/A</v></c><c><f>1+1</f><v>2</v></c></row>",
	      "1:x|y|TRUE|FALSE|!formula-error|2\n");
	reads("<row><c t=\"s\"><v>2</v></c><c t=\"s\"><v>4</v></c><c t=\"s\"><v>3</v></c>"
	      "<c><v>1</v></c></row>",
	      "1:\r'=x|'=y||1\n");
	reads("<x:row xmlns:x=\"u\"><x:c><x:v>7</x:v></x:c></x:row>", "1:7\n");
	reads("<row><c t=\"d\"><v>2026-11-24</v></c></row>", "1:2026-11-24\n");
}

static void rows_and_cells_may_be_left_out(void **state)
{
	(void)state;
	reads("<row r=\"2\"><c r=\"C2\"><v>1</v></c></row><row/><row r=\"9\"><c r=\"A9\" s=\"1\"/>"
	      "</row><row r=\"10\"><c><v>5</v></c><c r=\"XFD10\" s=\"1\"/></row>",
	      "2:||1\n10:5\n");
	fails("<row r=\"3\"><c><v>1</v></c></row><row r=\"3\"><c><v>1</v></c></row>",
	      SHEET_FAULT_XML, 3);
	fails("<row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>", SHEET_FAULT_XML, 1);
	fails("<row><c r=\"XFD1\"><v>1</v></c></row>", SHEET_FAULT_TOO_MANY_COLUMNS, 1);
	fails("<row r=\"1048577\"><c><v>1</v></c></row>", SHEET_FAULT_TOO_MANY_ROWS, 1048577);
	fails("<row><c t=\"s\"><v>5</v></c></row>", SHEET_FAULT_XML, 1);
	fails("<row><c t=\"s\"><v>-1</v></c></row>", SHEET_FAULT_XML, 1);
	fails("<row><c><v>1</v></c></row><row>", SHEET_FAULT_XML, 2);
}

static void dates_by_their_format(void **state)
{
	static const struct {
		const char *format;
		enum xlsx_look look;
	} formats[] = {
	        {"General",             XLSX_NUMBER},
	        {"#,##0.00",            XLSX_NUMBER},
	        {"0.00\"day\"",         XLSX_NUMBER},
	        {"[Red]0.00",           XLSX_NUMBER},
	        {"\\y0",                XLSX_NUMBER},
	        {"0;yyyy",              XLSX_NUMBER},
	        {"@",                   XLSX_NUMBER},
	        {"yyyy-mm-dd",          XLSX_DATE  },
	        {"[$-804]yyyy\"年\"m", XLSX_DATE  },
	        {"m/d",                 XLSX_DATE  },
	        {"[h]:mm",              XLSX_CLOCK },
	        {"hh:mm:ss",            XLSX_CLOCK },
	        {"\"unfinished",        XLSX_NUMBER},
	        {"[",                   XLSX_NUMBER},
	        {"\\",                  XLSX_NUMBER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (xlsx_format_look(formats[i].format) != formats[i].look)
			fail_msg("%s", formats[i].format);
	reads("<row><c s=\"1\"><v>46350</v></c><c s=\"2\"><v>46350.5</v></c>"
	      "<c s=\"3\"><v>46350</v></c><c s=\"4\"><v>0.25</v></c><c s=\"99\"><v>1</v></c></row>",
	      "1:2026-11-24|2026-11-24 12:00:00|46350|06:00:00|1\n");
}

static void number_becomes(const char *value, enum xlsx_look look, bool from_1904,
                           const char *expected, enum sheet_fault fault)
{
	char shown[XLSX_NUMBER_SIZE];

	assert_int_equal(xlsx_number_text(value, look, from_1904, shown), fault);
	assert_string_equal(shown, expected);
}

static void numbers_as_the_spreadsheet_shows_them(void **state)
{
	(void)state;
	number_becomes("330100000001", XLSX_NUMBER, false, "330100000001", 0);
	number_becomes("0.30000000000000004", XLSX_NUMBER, false, "0.3", 0);
	number_becomes("1.1000000000000001", XLSX_NUMBER, false, "1.1", 0);
	number_becomes("3.3010000000100001E11", XLSX_NUMBER, false, "330100000001", 0);
	number_becomes("1E-3", XLSX_NUMBER, false, "0.001", 0);
	number_becomes("1E-5", XLSX_NUMBER, false, "0.00001", 0);
	number_becomes("-12.05", XLSX_NUMBER, false, "-12.05", 0);
	number_becomes("1234567890123456", XLSX_NUMBER, false, "1.23456789012346e+15",
	               SHEET_FAULT_NUMBER_CUT);
	number_becomes("1e999", XLSX_NUMBER, false, "1e999", SHEET_FAULT_NOT_NUMBER);
	number_becomes("x", XLSX_NUMBER, false, "x", SHEET_FAULT_NOT_NUMBER);
	number_becomes("nan", XLSX_NUMBER, false, "nan", SHEET_FAULT_NOT_NUMBER);
	number_becomes("1", XLSX_DATE, false, "1900-01-01", 0);
	number_becomes("59", XLSX_DATE, false, "1900-02-28", 0);
	number_becomes("60", XLSX_DATE, false, "60", SHEET_FAULT_NOT_DATE);
	number_becomes("61", XLSX_DATE, false, "1900-03-01", 0);
	number_becomes("0", XLSX_DATE, true, "1904-01-01", 0);
	number_becomes("2958465", XLSX_DATE, false, "9999-12-31", 0);
	number_becomes("2958466", XLSX_DATE, false, "2958466", SHEET_FAULT_NOT_DATE);
	number_becomes("-1", XLSX_DATE, false, "-1", SHEET_FAULT_NOT_DATE);
	number_becomes("46350.99999999", XLSX_DATE, false, "2026-11-25", 0);
	number_becomes("0.999999", XLSX_CLOCK, false, "24:00:00", 0);
	number_becomes("46350.5", XLSX_CLOCK, false, "2026-11-24 12:00:00", 0);
}

/* ---- harm ---- */

static void a_bomb_is_left_unexploded(void **state)
{
	(void)state;
	/* 64 MB of the same row from 64 KB. */
	assert_int_equal(read_sheet("<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>aaaa", 1),
	                 ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_XML);
	assert_int_equal(
	        read_sheet("                                                                "
	                   "                                                                ",
	                   500000),
	        ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_ZIP_BOMB);
}

static void entities_do_not_expand(void **state)
{
	(void)state;
	assert_int_equal(read_sheet("<!DOCTYPE a [<!ENTITY b \"cc\"><!ENTITY d \"&b;&b;\">]>"
	                            "<worksheet>&d;</worksheet>",
	                            0),
	                 ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_XML_ENTITY);
	assert_int_equal(read_sheet("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><worksheet/>", 0),
	                 ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_XML_ENTITY);
}

static void depth_and_names_are_bounded(void **state)
{
	const size_t size = 20 * 1024 * 1024;
	char *xml = malloc(size), *at = xml;
	unsigned long word = 1;

	(void)state;
	assert_int_equal(read_sheet("<a>", 100), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_XML);
	/* An attribute of 17 MB, and names that are all different: both want to stay in memory. */
	at += snprintf(at, 100, "<worksheet a=\"");
	for (size_t i = 0; i < 2200000;
	     i++, word = word * 6364136223846793005u + 1442695040888963407u)
		at += snprintf(at, 9, "%08lx", word >> 32 & 0xFFFFFFFF);
	snprintf(at, 100, "\"/>");
	assert_int_equal(read_sheet(xml, 0), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_TOO_LARGE);
	at = xml + snprintf(xml, 100, "<worksheet>");
	for (size_t i = 0; i < 1000000;
	     i++, word = word * 6364136223846793005u + 1442695040888963407u)
		at += snprintf(at, 30, "<b%016lx/>", word);
	snprintf(at, 100, "</worksheet>");
	assert_int_equal(read_sheet(xml, 0), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_TOO_LARGE);
	free(xml);
}

static void names_stay_in_their_folder(void **state)
{
	static const char *const names[] = {"../x",  "xl/../../x", "/etc/passwd",
	                                    "c:\\x", "a\\b",       ".."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct part parts[] = {
		        {names[i], "x",  0},
                        {NULL,     NULL, 0}
                };

		assert_int_equal(read_parts(parts), ERR_BAD_INPUT);
		assert_int_equal(mistake.fault, SHEET_FAULT_ZIP_PATH);
	}
}

static void missing_parts_are_named(void **state)
{
	const struct part none[] = {
	        {"a",  "b",  0},
                {NULL, NULL, 0}
        };
	const struct part no_sheet[] = {
	        {"xl/styles.xml",        STYLES,  0},
	        {"xl/sharedStrings.xml", STRINGS, 0},
	        {NULL,                   NULL,    0}
        };
	const struct part no_strings[] = {
	        {"xl/styles.xml",            STYLES,         0},
	        {"xl/worksheets/sheet1.xml", "<worksheet/>", 0},
	        {NULL,	               NULL,           0}
        };

	size_t len;
	char *bytes = archive_of(none, &len);
	int fd = file_of(bytes, len);

	(void)state;
	assert_int_equal(text_of(fd, 0, text, sizeof text, &mistake), ERR_BAD_INPUT);
	close(fd);
	free(bytes);
	assert_int_equal(mistake.fault, SHEET_FAULT_PART_MISSING);
	assert_string_equal(mistake.detail, "_rels/.rels");
	assert_int_equal(read_parts(no_sheet), ERR_BAD_INPUT);
	assert_string_equal(mistake.detail, "xl/worksheets/sheet1.xml");
	assert_int_equal(read_parts(no_strings), ERR_BAD_INPUT);
	assert_string_equal(mistake.detail, "xl/sharedStrings.xml");
}

static void the_first_visible_sheet_is_read(void **state)
{
	struct part parts[] = {
	        {"xl/workbook.xml",          NULL,    0},
	        {"xl/worksheets/sheet1.xml", ONE_ROW, 0},
	        {"xl/styles.xml",            STYLES,  0},
	        {"xl/sharedStrings.xml",     STRINGS, 0},
	        {NULL,	               NULL,    0}
        };

	(void)state;
	parts[0].text = "<workbook xmlns:r=\"x\"><workbookPr date1904=\"1\"/><sheets><sheet "
	                "state=\"hidden\" r:id=\"r9\"/><sheet r:id=\"r1\"/></sheets></workbook>";
	assert_int_equal(read_parts(parts), ERR_NONE);
	assert_string_equal(text, "1:1\n");
	parts[0].text = "<workbook><sheets/></workbook>";
	assert_int_equal(read_parts(parts), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_PART_MISSING);
}

/* Every cut and every flipped byte of an archive ends in an answer, never in a crash. */
static void damage_is_told(void **state)
{
	const struct part parts[] = {
	        {"xl/worksheets/sheet1.xml", ONE_ROW, 0},
	        {"xl/styles.xml",            STYLES,  0},
	        {"xl/sharedStrings.xml",     STRINGS, 0},
	        {NULL,	               NULL,    0}
        };
	size_t len, told = 0;
	char *bytes = book_of(parts, &len);

	(void)state;
	for (size_t i = 4; i < len; i++) {
		int cut = file_of(bytes, i), flipped;

		/* The last three bytes say nothing that counts. */
		if (text_of(cut, 0, text, sizeof text, &mistake) != ERR_BAD_INPUT && i + 3 < len)
			fail_msg("cut at %zu of %zu", i, len);
		close(cut);
		bytes[i] = (char)~bytes[i];
		flipped = file_of(bytes, len);
		told += text_of(flipped, 0, text, sizeof text, &mistake) == ERR_BAD_INPUT;
		close(flipped);
		bytes[i] = (char)~bytes[i];
	}
	assert_true(told > len / 2);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cells_of_all_types),
	        cmocka_unit_test(rows_and_cells_may_be_left_out),
	        cmocka_unit_test(dates_by_their_format),
	        cmocka_unit_test(numbers_as_the_spreadsheet_shows_them),
	        cmocka_unit_test(a_bomb_is_left_unexploded),
	        cmocka_unit_test(entities_do_not_expand),
	        cmocka_unit_test(depth_and_names_are_bounded),
	        cmocka_unit_test(names_stay_in_their_folder),
	        cmocka_unit_test(missing_parts_are_named),
	        cmocka_unit_test(the_first_visible_sheet_is_read),
	        cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What can be wrong with a sheet, each with a word for machines and a text in Chinese and English.
 * The readers find some of them, the columns others, the rules of a kind of sheet the rest. */
#ifndef PLATFORM_SHEET_FAULT_H
#define PLATFORM_SHEET_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* id, word, Chinese, English. Words are kept in error lists: append only. A detail may follow the
 * text: a limit, a name, a row. */
#define SHEET_FAULTS(X)                                                                            \
	X(NONE, "none", "", "")                                                                    \
	/* the file as a whole */                                                                  \
	X(UNKNOWN_CONTENT, "unknown-content", "不是 CSV 或 XLSX 文件", "is neither CSV nor XLSX")  \
	X(OLD_EXCEL, "old-excel", "旧版 Excel 格式 (.xls) 或有密码, 请另存为 .xlsx",               \
	  "is an old .xls or has a password: save it as .xlsx")                                    \
	X(UTF16, "utf16", "UTF-16 编码, 请另存为 CSV UTF-8", "is UTF-16: save it as CSV UTF-8")    \
	X(EMPTY, "empty", "没有任何数据行", "holds no row of data")                                \
	X(TOO_LARGE, "too-large", "文件太大", "is too large")                                      \
	X(TOO_MANY_ROWS, "too-many-rows", "行数太多", "has too many rows")                         \
	X(ZIP, "zip", "XLSX 压缩包损坏", "is a damaged XLSX archive")                              \
	X(ZIP_BOMB, "zip-bomb", "解压后过大", "unpacks to far too much")                           \
	X(ZIP_PATH, "zip-path", "压缩包内路径不合法", "holds a part whose path leaves its folder") \
	X(PART_MISSING, "part-missing", "XLSX 缺少部件", "lacks a part of an XLSX")                \
	X(XML, "xml", "XLSX 内容损坏", "holds damaged XML")                                        \
	X(XML_ENTITY, "xml-entity", "XML 含有 DOCTYPE 声明", "holds XML with a document type")     \
	/* a row */                                                                                \
	X(QUOTE_OPEN, "quote-open", "引号没有结束", "has a quote that never ends")                 \
	X(ROW_LONG, "row-long", "整行太长", "is too long")                                         \
	X(TOO_MANY_COLUMNS, "too-many-columns", "列数太多", "has too many columns")                \
	/* a cell */                                                                               \
	X(ENCODING, "encoding", "含有无法识别的字符编码",                                          \
	  "holds bytes that are no text in the file's encoding")                                   \
	X(CONTROL, "control", "含有控制字符", "holds a control character")                         \
	X(QUOTE_TAIL, "quote-tail", "引号之后还有文字", "has text behind its closing quote")       \
	X(CELL_LONG, "cell-long", "单元格太长", "is longer than a cell may be")                    \
	X(FORMULA, "formula-error", "公式结果是错误", "is a formula that ended in an error")       \
	X(NUMBER_CUT, "number-cut", "长号码被表格软件改成了近似数, 请把该列设为文本格式后重填",    \
	  "is a long number that the spreadsheet rounded: format the column as text")              \
	/* the header */                                                                           \
	X(HEADER_MISSING, "header-missing", "缺少列", "lacks the column")                          \
	X(HEADER_UNKNOWN, "header-unknown", "不认识的列", "is no column of this sheet")            \
	X(HEADER_TWICE, "header-twice", "列重复", "is there twice")                                \
	/* a value */                                                                              \
	X(REQUIRED, "required", "必须填写", "must be given")                                       \
	X(NOT_NUMBER, "not-number", "不是数字", "is no number")                                    \
	X(NOT_WHOLE, "not-whole", "小数位太多", "has too many decimals")                           \
	X(RANGE, "range", "超出范围", "is out of range")                                           \
	X(TOO_LONG, "too-long", "文字太长", "is too long")                                         \
	X(TOO_SHORT, "too-short", "文字太短", "is too short")                                      \
	X(NOT_DATE, "not-date", "不是日期", "is no date")                                          \
	X(NOT_TIME, "not-time", "不是时间", "is no time")                                          \
	X(NOT_WORD, "not-word", "只能是下列之一", "must be one of")                                \
	X(NOT_DIGITS, "not-digits", "只能是数字", "must be digits")                                \
	X(NO_HEADER_CELL, "no-header-cell", "该列没有表头", "stands in a column without header")   \
	/* rules of a kind */                                                                      \
	X(TWICE, "twice", "与本表另一行重复", "is in this sheet twice, first in row")              \
	X(UNKNOWN, "unknown", "不存在", "does not exist")                                          \
	X(TAKEN, "taken", "已被占用", "is in use already")                                         \
	X(CHANGED, "changed", "检查之后又有变化", "was changed since the check")                   \
	X(NOT_ALLOWED, "not-allowed", "没有权限", "is not yours to change")                        \
	X(RULE, "rule", "不符合规则", "breaks a rule")                                             \
	X(TOTAL, "control-total", "与核对总数不符", "differs from the control total")              \
	X(FILE_LOST, "file-lost", "上传的文件已不存在, 请重新上传",                                \
	  "is not there any more: upload it again")                                                \
	/* not the sheet's fault */                                                                \
	X(DISK_FULL, "disk-full", "服务器磁盘已满, 腾出空间后再上传",                              \
	  "finds the platform's disk full: upload it again when there is room")                    \
	X(PLATFORM, "platform", "平台内部错误, 原因见平台日志, 请重新上传",                        \
	  "met an error of the platform, whose log says which: upload it again")

enum sheet_fault {

#define X(id, word, zh, en) SHEET_FAULT_##id,
	SHEET_FAULTS(X)
#undef X
	        SHEET_FAULT_COUNT
};

/* KEYS: the words of the API, for machines. */
enum sheet_lang { SHEET_ZH, SHEET_EN, SHEET_KEYS };

/* Where and what; row 0: the file as a whole; column 0: the row as a whole. Both count from 1, as a
 * spreadsheet shows them. */
struct sheet_mistake {
	enum sheet_fault fault;
	int64_t row;
	int column;
	char detail[96]; /* without language: a limit, a name */
};

const char *sheet_fault_word(enum sheet_fault fault);
const char *sheet_fault_text(enum sheet_fault fault, enum sheet_lang lang);
/* False: no such word. */
bool sheet_fault_parse(const char *word, enum sheet_fault *fault);
/* What people read of why an import failed: the word of a fault, or of one of our own errors ("io"). */
enum sheet_fault sheet_fault_of(const char *word);

/* "A", "Z", "AA": how spreadsheets name column 1, 26, 27. `size` >= 8. */
void sheet_column_letters(int column, char *text, size_t size);

#endif

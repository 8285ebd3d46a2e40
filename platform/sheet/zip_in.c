#include "platform/sheet/zip_in.h"

#include <minizip/unzip.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/sheet/text.h"

#define ENCRYPTED 1u

/* ---- minizip's way to the file ---- */

static voidpf file_open(voidpf opaque, const void *name, int mode)
{
	(void)name;
	(void)mode;
	return opaque;
}

static uLong file_read(voidpf opaque, voidpf stream, void *to, uLong size)
{
	struct zip_in *zip = opaque;
	size_t len;

	(void)stream;
	if (read_at(zip->fd, zip->at, to, size, &len))
		return 0;
	zip->at += (off_t)len;
	return len;
}

static uLong file_write(voidpf opaque, voidpf stream, const void *from, uLong size)
{
	(void)opaque;
	(void)stream;
	(void)from;
	(void)size;
	return 0;
}

static ZPOS64_T file_tell(voidpf opaque, voidpf stream)
{
	const struct zip_in *zip = opaque;

	(void)stream;
	return (ZPOS64_T)zip->at;
}

static long file_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
	struct zip_in *zip = opaque;
	off_t from = origin == ZLIB_FILEFUNC_SEEK_END   ? zip->size
	             : origin == ZLIB_FILEFUNC_SEEK_CUR ? zip->at
	                                                : 0;

	(void)stream;
	if (offset > (ZPOS64_T)(zip->size - from))
		return -1;
	zip->at = from + (off_t)offset;
	return 0;
}

static int file_close(voidpf opaque, voidpf stream)
{
	(void)opaque;
	(void)stream;
	return 0;
}

/* ---- the table of contents ---- */

static enum err mistaken(struct sheet_mistake *mistake, enum sheet_fault fault, const char *detail)
{
	*mistake = (struct sheet_mistake){.fault = fault};
	snprintf(mistake->detail, sizeof mistake->detail, "%.90s", detail);
	return ERR_BAD_INPUT;
}

static bool name_stays(const char *name)
{
	return name[0] && name[0] != '/' && !strchr(name, '\\') && !strchr(name, ':') &&
	       !strstr(name, "..");
}

static enum err part_check(const struct zip_in *zip, struct sheet_mistake *mistake)
{
	unz_file_info64 info;
	char name[ZIP_NAME_MAX];

	if (unzGetCurrentFileInfo64(zip->archive, &info, name, sizeof name, NULL, 0, NULL, 0) !=
	    UNZ_OK)
		return mistaken(mistake, SHEET_FAULT_ZIP, "");
	/* minizip ends the name with 0 only if there is room for it. */
	if (info.size_filename >= sizeof name || strlen(name) != info.size_filename ||
	    !name_stays(name))
		return mistaken(mistake, SHEET_FAULT_ZIP_PATH, "");
	if (info.flag & ENCRYPTED)
		return mistaken(mistake, SHEET_FAULT_OLD_EXCEL, "");
	if (info.compression_method != 0 && info.compression_method != Z_DEFLATED)
		return mistaken(mistake, SHEET_FAULT_ZIP, name);
	return ERR_NONE;
}

static enum err contents_check(const struct zip_in *zip, struct sheet_mistake *mistake)
{
	int code = unzGoToFirstFile(zip->archive);
	enum err err;

	for (int parts = 0; code == UNZ_OK; parts++) {
		if (parts == ZIP_PARTS_MAX)
			return mistaken(mistake, SHEET_FAULT_ZIP_BOMB, "");
		err = part_check(zip, mistake);
		if (err)
			return err;
		code = unzGoToNextFile(zip->archive);
	}
	return code == UNZ_END_OF_LIST_OF_FILE ? ERR_NONE : mistaken(mistake, SHEET_FAULT_ZIP, "");
}

enum err zip_in_open(struct zip_in *zip, int fd, struct sheet_mistake *mistake)
{
	zlib_filefunc64_def files = {file_open, file_read,  file_write, file_tell,
	                             file_seek, file_close, file_close, zip};
	struct stat st;
	enum err err;

	memset(zip, 0, sizeof *zip);
	if (fstat(fd, &st))
		return ERR_IO;
	zip->fd = fd;
	zip->size = st.st_size;
	zip->archive = unzOpen2_64("", &files);
	if (!zip->archive)
		return mistaken(mistake, SHEET_FAULT_ZIP, "");
	err = contents_check(zip, mistake);
	if (err)
		zip_in_close(zip);
	return err;
}

/* ---- parts ---- */

enum err zip_in_part(struct zip_in *zip, const char *name)
{
	unz_file_info64 info;

	if (strlen(name) >= ZIP_NAME_MAX || unzLocateFile(zip->archive, name, 1) != UNZ_OK ||
	    unzGetCurrentFileInfo64(zip->archive, &info, NULL, 0, NULL, 0, NULL, 0) != UNZ_OK ||
	    unzOpenCurrentFile(zip->archive) != UNZ_OK)
		return ERR_NOT_FOUND;
	zip->open = true;
	zip->unpacked = 0;
	zip->packed = info.compressed_size < INT64_MAX ? (int64_t)info.compressed_size : INT64_MAX;
	return ERR_NONE;
}

static bool is_bomb(const struct zip_in *zip)
{
	int64_t packed = zip->packed < zip->size ? zip->packed : zip->size;

	return zip->total > ZIP_UNPACKED_MAX ||
	       (zip->unpacked > ZIP_RATIO_FREE && zip->unpacked / ZIP_RATIO_MAX > packed);
}

enum err zip_in_read(struct zip_in *zip, void *to, size_t size, size_t *len,
                     struct sheet_mistake *mistake)
{
	int n = unzReadCurrentFile(zip->archive, to, (unsigned)size);

	*len = 0;
	if (n < 0)
		return mistaken(mistake, SHEET_FAULT_ZIP, "");
	zip->unpacked += n;
	zip->total += n;
	if (is_bomb(zip))
		return mistaken(mistake, SHEET_FAULT_ZIP_BOMB, "");
	*len = (size_t)n;
	if (n == 0) {
		zip->open = false;
		if (unzCloseCurrentFile(zip->archive) != UNZ_OK)
			return mistaken(mistake, SHEET_FAULT_ZIP, "");
	}
	return ERR_NONE;
}

void zip_in_part_close(struct zip_in *zip)
{
	if (zip->open)
		unzCloseCurrentFile(zip->archive);
	zip->open = false;
}

void zip_in_close(struct zip_in *zip)
{
	if (!zip->archive)
		return;
	zip_in_part_close(zip);
	unzClose(zip->archive);
	zip->archive = NULL;
}

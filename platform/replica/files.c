#include "platform/replica/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/store/files.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

#define LOOK_MS 2000

void small_files_forget(struct small_files *files)
{
	files->count = 0;
	files->looked_ms = 0;
}

void small_files_free(struct small_files *files)
{
	free(files->file);
	memset(files, 0, sizeof *files);
}

static struct small_file *entry_of(struct small_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->file[i].name, name) == 0)
			return &files->file[i];
	if (files->count == files->room) {
		size_t room = files->room ? files->room * 2 : 32;
		struct small_file *file = realloc(files->file, room * sizeof *file);

		if (!file)
			return NULL;
		files->file = file;
		files->room = room;
	}
	files->file[files->count] = (struct small_file){.size = -1};
	snprintf(files->file[files->count].name, sizeof files->file->name, "%s", name);
	return &files->file[files->count++];
}

static enum err send_content(const char *name, const char *path, struct stream *stream)
{
	struct wire m = {.type = WIRE_FILE};
	uint8_t *content = malloc(WIRE_FILE_MAX);
	enum err err = content ? file_read(path, content, WIRE_FILE_MAX, &m.len) : ERR_NOMEM;

	if (err == ERR_TOO_LONG || err == ERR_NOT_FOUND) {
		log_error("replica: %s: %s; the standby does not get it", path, err_text(err));
		free(content);
		return ERR_NONE;
	}
	snprintf(m.name, sizeof m.name, "%s", name);
	m.bytes = content;
	if (!err)
		err = stream_send(stream, &m);
	if (!err)
		err = stream_answer(stream, WIRE_APPLIED, &m);
	free(content);
	return err;
}

static enum err send_changed(struct small_files *files, const char *data_dir, const char *name,
                             struct stream *stream)
{
	char path[STORE_PATH_SIZE];
	struct small_file *known;
	struct stat st;
	enum err err;

	store_path(path, data_dir, name);
	if (!wire_file_name(name) || strlen(name) >= sizeof known->name || stat(path, &st))
		return ERR_NONE;
	known = entry_of(files, name);
	if (!known)
		return ERR_NOMEM;
	if (known->size == st.st_size && known->changed.tv_sec == st.st_mtim.tv_sec &&
	    known->changed.tv_nsec == st.st_mtim.tv_nsec)
		return ERR_NONE;
	err = send_content(name, path, stream);
	if (!err) {
		known->size = st.st_size;
		known->changed = st.st_mtim;
	}
	return err;
}

static enum err send_folder(struct small_files *files, const char *data_dir, const char *folder,
                            struct stream *stream)
{
	char path[STORE_PATH_SIZE], name[128];
	struct dirent *entry;
	enum err err = ERR_NONE;
	DIR *dir;

	store_path(path, data_dir, folder);
	dir = opendir(path);
	while (dir && !err && (entry = readdir(dir)) != NULL)
		if (snprintf(name, sizeof name, "%s/%s", folder, entry->d_name) < (int)sizeof name)
			err = send_changed(files, data_dir, name, stream);
	if (dir)
		closedir(dir);
	return err;
}

enum err small_files_send(struct small_files *files, const char *data_dir, struct stream *stream)
{
	enum err err;

	if (files->looked_ms && clock_mono_ms() - files->looked_ms < LOOK_MS)
		return ERR_NONE;
	err = send_changed(files, data_dir, "wattle.ini", stream);
	if (!err)
		err = send_changed(files, data_dir, "broker/clients", stream);
	if (!err)
		err = send_folder(files, data_dir, "pki", stream);
	if (!err)
		err = send_folder(files, data_dir, "pki/gateways", stream);
	files->looked_ms = clock_mono_ms();
	return err;
}

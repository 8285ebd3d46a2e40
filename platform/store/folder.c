#include "platform/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "platform/store/files.h"

int64_t folder_file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (int64_t)st.st_size;
}

enum err folder_make(const char *dir)
{
	return mkdir(dir, 0700) && errno != EEXIST ? err_of_errno(errno) : ERR_NONE;
}

enum err folder_list(const char *path, void (*each)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return err_of_errno(errno);
	while ((entry = readdir(dir)) != NULL)
		each(arg, entry->d_name);
	closedir(dir);
	return ERR_NONE;
}

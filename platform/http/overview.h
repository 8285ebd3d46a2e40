/* Figures of properties that are kept for those who ask next (api_overview.c). */
#ifndef PLATFORM_HTTP_OVERVIEW_H
#define PLATFORM_HTTP_OVERVIEW_H

struct overviews;

void overviews_free(struct overviews *all);

#endif

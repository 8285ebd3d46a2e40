#include "platform/http/slow.h"

#include "platform/http/context.h"

struct slow_job {
	struct slow_job *next;
	struct request *request;
	read_fn fn;
	void *arg;
	request_done_fn done;
};

static void run_next(struct http *http);

static enum err run_job(struct reader *reader, void *arg)
{
	struct slow_job *job = arg;

	return job->fn(reader, job->arg);
}

static void job_done(struct request *request, void *arg, enum err err)
{
	struct slow_job *job = arg;
	struct http *http = request->http;
	request_done_fn done = job->done;

	http->slow.busy = false;
	run_next(http);
	done(request, job->arg, err);
}

/* A request that could not be started was answered; the next one may be luckier. */
static void run_next(struct http *http)
{
	struct slow_queue *queue = &http->slow;

	while (!queue->busy && queue->first) {
		struct slow_job *job = queue->first;

		queue->first = job->next;
		if (!queue->first)
			queue->last = &queue->first;
		queue->waiting--;
		queue->busy = request_read(job->request, run_job, job, job_done);
	}
}

bool request_slow(struct request *request, read_fn fn, void *arg, request_done_fn done)
{
	struct slow_queue *queue = &request->http->slow;
	struct slow_job *job =
	        queue->waiting < SLOW_WAITING_MAX ? request_alloc(request, sizeof *job) : NULL;

	if (!job) {
		answer_err(request, ERR_FULL);
		return false;
	}
	*job = (struct slow_job){.request = request, .fn = fn, .arg = arg, .done = done};
	if (!queue->last)
		queue->last = &queue->first;
	*queue->last = job;
	queue->last = &job->next;
	queue->waiting++;
	run_next(request->http);
	return true;
}

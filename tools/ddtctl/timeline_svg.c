// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline_svg.c - draws a timeline as a picture that needs nothing else
 *
 * For each drive, from top to bottom: the threads that submit, the drive's
 * thread, what the scheduler did with it, the requests, and the depth of the
 * queue; all over the same axis of time. Pointing at something shows its times.
 */

#include <errno.h>
#include <math.h>
#include <string.h>

#include "ddtctl.h"
#include "timeline.h"

#define WIDTH		1400
#define LEFT		170
#define RIGHT		30
#define PLOT		(WIDTH - LEFT - RIGHT)
#define HEADER		104
#define TITLE_HEIGHT	34
#define ROW_HEIGHT	22
#define THREAD_HEIGHT	34
#define CPU_HEIGHT	10
#define LANE_HEIGHT	18
#define DEPTH_HEIGHT	64
#define GAP		12
#define AXIS_HEIGHT	30
#define GLYPH		6.6	/* width of a character, about */

/* A picture of more would show less. */
#define MAX_SUBMITTERS	8
#define MAX_LANES	24
#define MAX_ARROWS	120

/* What is narrower is drawn with what follows. */
#define MIN_WIDTH	1.0

struct picture {
	FILE *file;
	const struct timeline *timeline;
	double y;
	double tick;		/* in ns */
	const char *unit;
	double unit_ns;
};

/* Rows for the threads that submitted requests. */
struct submitters {
	int tids[MAX_SUBMITTERS];
	unsigned int nr;
	bool more;		/* than have a row */
	double y;
};

static const char style[] =
	"text{font:11px 'DejaVu Sans',Verdana,sans-serif;fill:#1a202c}\n"
	".title{font-size:19px;font-weight:bold}\n"
	".drive{font-size:14px;font-weight:bold}\n"
	".label{text-anchor:end}\n"
	".note{fill:#4a5568}\n"
	".grid{stroke:#e2e8f0}\n"
	".row{fill:#f7fafc}\n"
	".waiting{fill:#e2e8f0}\n"
	".running{fill:#ecc94b}\n"
	".serving0{fill:#2b6cb0}.serving1{fill:#4299e1}\n"
	".queued{fill:#fbd38d}\n"
	".failed{fill:#e53e3e}\n"
	".cancelled{fill:#a0aec0}\n"
	".ready{fill:#ed8936}\n"
	".cpu{fill:#276749}\n"
	".depth{fill:#b794f4;fill-opacity:.45;stroke:#6b46c1}\n"
	".light{fill:#fff}\n"
	".submit{fill:#2d3748}\n"
	".complete{fill:#fff;stroke:#2f855a;stroke-width:1.5}\n"
	".down{stroke:#2d3748;stroke-width:1;fill:none}\n"
	".up{stroke:#2f855a;stroke-width:1;fill:none;stroke-dasharray:3 2}";

static double x_of(const struct picture *picture, uint64_t time)
{
	const struct recording *recording = picture->timeline->recording;
	double length = recording->end - recording->begin;
	double at = time > recording->begin ? time - recording->begin : 0;

	return LEFT + PLOT * fmin(at / length, 1);
}

static void put_text(const struct picture *picture, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			fprintf(picture->file, "&#%d;", *text);
		else if ((unsigned char)*text < ' ')
			putc('?', picture->file);
		else
			putc(*text, picture->file);
	}
}

static void text_at(const struct picture *picture, double x, double y,
		    const char *class, const char *text)
{
	fprintf(picture->file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x,
		y, class);
	put_text(picture, text);
	fprintf(picture->file, "</text>\n");
}

/* As "3.25 ms". */
static void format_time(char *text, size_t size, double ns)
{
	if (ns < 1e3)
		snprintf(text, size, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(text, size, "%.3g us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(text, size, "%.3g ms", ns / 1e6);
	else
		snprintf(text, size, "%.4g s", ns / 1e9);
}

/* Chooses steps of 1, 2 or 5 of a unit, about twelve of them. */
static void choose_ticks(struct picture *picture)
{
	const struct recording *recording = picture->timeline->recording;
	double least = (recording->end - recording->begin) / 12.0;
	double power = pow(10, floor(log10(least)));

	picture->tick = power * (least <= power ? 1 : least <= 2 * power ? 2 :
				 least <= 5 * power ? 5 : 10);
	picture->unit = "s";
	picture->unit_ns = 1e9;
	if (picture->tick < 1e6) {
		picture->unit = "us";
		picture->unit_ns = 1e3;
	} else if (picture->tick < 1e9) {
		picture->unit = "ms";
		picture->unit_ns = 1e6;
	}
}

static void draw_axis(const struct picture *picture, double y, double top)
{
	const struct recording *recording = picture->timeline->recording;
	double length = recording->end - recording->begin;
	char text[32];

	for (double at = 0; at <= length; at += picture->tick) {
		double x = LEFT + PLOT * at / length;

		fprintf(picture->file,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
			x, x, top, y);
		snprintf(text, sizeof(text), "%g", at / picture->unit_ns);
		fprintf(picture->file,
			"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
			x, y + 14, text);
	}
	snprintf(text, sizeof(text), "time in %s", picture->unit);
	text_at(picture, LEFT - 28, y + 14, "label note", text);
}

static void draw_label(const struct picture *picture, double y,
		       const char *text)
{
	text_at(picture, LEFT - 10, y, "label", text);
}

static void draw_box(const struct picture *picture, double begin, double end,
		     double y, double height, const char *class,
		     const char *title)
{
	fprintf(picture->file,
		"<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" class=\"%s\">",
		begin, y, fmax(end - begin, MIN_WIDTH), height, class);
	fprintf(picture->file, "<title>");
	put_text(picture, title);
	fprintf(picture->file, "</title></rect>\n");
}

static const char *span_class(const struct span *span)
{
	switch (span->kind) {
	case THREAD_WAITING:
		return "waiting";
	case THREAD_RUNNING:
		return "running";
	case CPU_READY:
		return "ready";
	case CPU_ON:
		return "cpu";
	case REQUEST_QUEUED:
		return "queued";
	default:
		return span->number % 2 ? "serving1" : "serving0";
	}
}

static void span_title(const struct picture *picture, const struct span *span,
		       char *title, size_t size)
{
	const struct recording *recording = picture->timeline->recording;
	char length[32], begin[32], number[32] = "";

	format_time(length, sizeof(length), span->end - span->begin);
	format_time(begin, sizeof(begin), span->begin - recording->begin);
	if (span->kind == THREAD_SERVING)
		snprintf(number, sizeof(number), " #%llu",
			 (unsigned long long)span->number);
	snprintf(title, size, "%s%s for %s, from %s on", span_name(span),
		 number, length, begin);
}

/* Consecutive spans too narrow to be seen become one of the last one's class. */
static void draw_spans(const struct picture *picture, const struct spans *spans,
		       double y, double height)
{
	double from = -1;
	char title[128];

	for (size_t i = 0; i < spans->nr; i++) {
		const struct span *span = &spans->list[i];
		double begin = x_of(picture, span->begin);
		double end = x_of(picture, span->end);

		if (from >= 0 && begin - from < MIN_WIDTH)
			begin = from;
		if (end - begin < MIN_WIDTH && i + 1 < spans->nr) {
			from = begin;
			continue;
		}
		from = -1;
		span_title(picture, span, title, sizeof(title));
		draw_box(picture, begin, end, y, height, span_class(span),
			 title);
	}
}

static void draw_numbers(const struct picture *picture,
			 const struct spans *spans, double y)
{
	char text[64];

	for (size_t i = 0; i < spans->nr; i++) {
		const struct span *span = &spans->list[i];
		double begin = x_of(picture, span->begin);
		double width = x_of(picture, span->end) - begin;

		if (span->kind == THREAD_SERVING && span->number)
			snprintf(text, sizeof(text), "serving #%llu",
				 (unsigned long long)span->number);
		else
			snprintf(text, sizeof(text), "%s", span_name(span));
		if (span->kind == THREAD_SERVING &&
		    strlen(text) * GLYPH + 6 > width)
			snprintf(text, sizeof(text), "#%llu",
				 (unsigned long long)span->number);
		if (strlen(text) * GLYPH + 6 <= width)
			text_at(picture, begin + 4, y,
				span->kind == THREAD_SERVING ? "light" : "note",
				text);
	}
}

static int submitter_row(const struct submitters *submitters, int tid)
{
	for (unsigned int i = 0; i < submitters->nr; i++) {
		if (submitters->tids[i] == tid)
			return i;
	}
	return -1;
}

static void find_submitters(const struct track *track,
			    struct submitters *submitters)
{
	*submitters = (struct submitters){};
	for (size_t i = 0; i < track->nr_requests; i++) {
		const struct timeline_request *request = &track->requests[i];

		if (!request->submitted ||
		    submitter_row(submitters, request->submitter) >= 0)
			continue;
		if (submitters->nr < MAX_SUBMITTERS)
			submitters->tids[submitters->nr++] = request->submitter;
		else
			submitters->more = true;
	}
}

static void draw_submitters(struct picture *picture,
			    struct submitters *submitters)
{
	const struct recording *recording = picture->timeline->recording;
	char text[64];

	submitters->y = picture->y;
	for (unsigned int i = 0; i < submitters->nr; i++) {
		snprintf(text, sizeof(text), "%.15s (%d)",
			 task_name(recording, submitters->tids[i]),
			 submitters->tids[i]);
		fprintf(picture->file,
			"<rect class=\"row\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n",
			LEFT, picture->y + 2, PLOT, ROW_HEIGHT - 4);
		draw_label(picture, picture->y + 15, text);
		picture->y += ROW_HEIGHT;
	}
	if (submitters->more) {
		text_at(picture, LEFT, picture->y + 11, "note",
			"and other threads that submitted requests, not drawn");
		picture->y += ROW_HEIGHT;
	}
}

static void draw_marks(const struct picture *picture, const struct track *track,
		       const struct submitters *submitters, double thread_y)
{
	bool arrows = track->nr_requests <= MAX_ARROWS;

	for (size_t i = 0; i < track->nr_requests; i++) {
		const struct timeline_request *request = &track->requests[i];
		int row = submitter_row(submitters, request->submitter);
		double y = submitters->y + (row + 0.5) * ROW_HEIGHT;
		double submit = x_of(picture, request->submit);
		double complete = x_of(picture, request->complete);
		const struct spans *phases = &request->phases;
		const struct span *last;

		if (row < 0 || !phases->nr)
			continue;
		last = &phases->list[phases->nr - 1];
		if (arrows && last->kind == REQUEST_IN_SERVICE)
			fprintf(picture->file,
				"<line class=\"down\" marker-end=\"url(#arrow)\" x1=\"%.2f\" y1=\"%.1f\" x2=\"%.2f\" y2=\"%.1f\"/>\n",
				submit, y, x_of(picture, last->begin),
				thread_y);
		if (arrows && request->completed)
			fprintf(picture->file,
				"<line class=\"up\" marker-end=\"url(#back)\" x1=\"%.2f\" y1=\"%.1f\" x2=\"%.2f\" y2=\"%.1f\"/>\n",
				complete, thread_y, complete, y + 4);
		fprintf(picture->file,
			"<circle class=\"submit\" cx=\"%.2f\" cy=\"%.1f\" r=\"3\"><title>submits #%llu</title></circle>\n",
			submit, y, (unsigned long long)request->number);
		if (request->completed)
			fprintf(picture->file,
				"<circle class=\"complete\" cx=\"%.2f\" cy=\"%.1f\" r=\"3\"><title>#%llu is completed, status %d</title></circle>\n",
				complete, y,
				(unsigned long long)request->number,
				request->status);
	}
}

static const char *phase_class(const struct timeline_request *request,
			       const struct span *span)
{
	if (request->completed && request->status == -ECANCELED)
		return "cancelled";
	if (span->kind == REQUEST_QUEUED)
		return "queued";
	if (request->completed && request->status)
		return "failed";
	return request->number % 2 ? "serving1" : "serving0";
}

static void request_label(const struct timeline_request *request, char *text,
			  size_t size)
{
	char length[32];

	format_time(length, sizeof(length), request->complete - request->submit);
	snprintf(text, size, "#%llu %s%s%s%s",
		 (unsigned long long)request->number, length,
		 request->submitted ? "" : ", submitted before",
		 request->completed ? "" : ", not finished",
		 request->completed && request->status ? ", " : "");
	if (request->completed && request->status)
		snprintf(text + strlen(text), size - strlen(text), "%s",
			 request->status == -ECANCELED ?
			 "cancelled" : strerror(-request->status));
}

static void draw_request(const struct picture *picture,
			 const struct timeline_request *request, double y)
{
	const struct spans *phases = &request->phases;
	char title[128];

	for (size_t i = 0; i < phases->nr; i++) {
		span_title(picture, &phases->list[i], title, sizeof(title));
		draw_box(picture, x_of(picture, phases->list[i].begin),
			 x_of(picture, phases->list[i].end), y + 3,
			 LANE_HEIGHT - 6, phase_class(request, &phases->list[i]),
			 title);
	}
}

/*
 * Each request has a lane, which others use before and after it, with room for
 * its label behind it or, at the right border, before it; one that fits in
 * neither place is on the request.
 */
static void draw_requests(struct picture *picture, const struct track *track)
{
	bool labels = track->nr_requests <= MAX_ARROWS;
	double lanes[MAX_LANES] = {};
	unsigned int used = 0;
	size_t left_out = 0;
	char text[96];

	draw_label(picture, picture->y + 13, "requests");
	for (size_t i = 0; i < track->nr_requests; i++) {
		const struct timeline_request *request = &track->requests[i];
		double begin = x_of(picture, request->submit);
		double end = x_of(picture, request->complete);
		double label = end + 4, width = 0;
		unsigned int lane = 0;

		if (labels) {
			request_label(request, text, sizeof(text));
			width = strlen(text) * GLYPH + 4;
		}
		if (label + width > LEFT + PLOT)
			label = begin - width;
		if (label < LEFT)
			label = begin + 4;
		while (lane < MAX_LANES && lanes[lane] > fmin(begin, label))
			lane++;
		if (lane == MAX_LANES) {
			left_out++;
			continue;
		}
		used = lane + 1 > used ? lane + 1 : used;
		lanes[lane] = fmax(end, label + width);
		draw_request(picture, request, picture->y + lane * LANE_HEIGHT);
		if (labels)
			text_at(picture, label,
				picture->y + lane * LANE_HEIGHT + 13, "note",
				text);
	}
	picture->y += (used ? used : 1) * LANE_HEIGHT;
	if (left_out) {
		snprintf(text, sizeof(text),
			 "and %zu more requests at the same time, not drawn",
			 left_out);
		text_at(picture, LEFT, picture->y + 11, "note", text);
		picture->y += ROW_HEIGHT;
	}
}

static void draw_depth(struct picture *picture, const struct track *track)
{
	double bottom = picture->y + DEPTH_HEIGHT, x = LEFT, y = bottom;
	unsigned int most = 1, highest = 0;
	char text[32];

	for (size_t i = 0; i < track->nr_depths; i++) {
		if (track->depths[i].queued > most)
			most = track->depths[i].queued;
	}
	draw_label(picture, picture->y + DEPTH_HEIGHT / 2 + 4, "queue depth");
	snprintf(text, sizeof(text), "%u", most);
	text_at(picture, LEFT - 4, picture->y + 8, "label note", text);
	text_at(picture, LEFT - 4, bottom, "label note", "0");

	fprintf(picture->file, "<path class=\"depth\" d=\"M%d,%.1f", LEFT,
		bottom);
	for (size_t i = 0; i < track->nr_depths; i++) {
		double next = x_of(picture, track->depths[i].time);

		/* Of those in one place the highest is drawn. */
		if (track->depths[i].queued > highest)
			highest = track->depths[i].queued;
		if (i + 1 < track->nr_depths && next - x < MIN_WIDTH &&
		    x_of(picture, track->depths[i + 1].time) - x < MIN_WIDTH)
			continue;
		x = next;
		y = bottom - DEPTH_HEIGHT * (double)highest / most;
		fprintf(picture->file, "H%.2fV%.1f", x, y);
		highest = track->depths[i].queued;
		y = bottom - DEPTH_HEIGHT * (double)highest / most;
		fprintf(picture->file, "V%.1f", y);
		highest = 0;
	}
	fprintf(picture->file, "H%dV%.1fZ\"/>\n", LEFT + PLOT, bottom);
	picture->y = bottom + GAP;
}

static void draw_track(struct picture *picture, const struct track *track)
{
	const struct subject *drive = track->drive;
	struct submitters submitters;
	double thread_y;
	char text[128];

	snprintf(text, sizeof(text), "%s: thread %d, nice %d, %zu requests",
		 drive->name, drive->pid, drive->nice, track->nr_requests);
	text_at(picture, 16, picture->y + 20, "drive", text);
	picture->y += TITLE_HEIGHT;

	find_submitters(track, &submitters);
	draw_submitters(picture, &submitters);
	picture->y += submitters.nr ? 2 * GAP : 0;

	thread_y = picture->y;
	snprintf(text, sizeof(text), "thread of %s", drive->name);
	draw_label(picture, picture->y + THREAD_HEIGHT / 2 + 4, text);
	draw_spans(picture, &track->thread, picture->y, THREAD_HEIGHT);
	draw_numbers(picture, &track->thread,
		     picture->y + THREAD_HEIGHT / 2 + 4);
	picture->y += THREAD_HEIGHT + 3;
	draw_label(picture, picture->y + CPU_HEIGHT - 1, "its CPU time");
	draw_spans(picture, &track->cpu, picture->y, CPU_HEIGHT);
	picture->y += CPU_HEIGHT + GAP;
	draw_marks(picture, track, &submitters, thread_y);

	draw_requests(picture, track);
	picture->y += GAP;
	draw_depth(picture, track);
}

static void draw_legend(const struct picture *picture, double y)
{
	static const struct {
		const char *class, *text;
	} keys[] = {
		{ "waiting", "waiting for work: no CPU time" },
		{ "serving0", "serving a request" },
		{ "running", "running between requests" },
		{ "cpu", "on a CPU" },
		{ "ready", "ready, but not yet on a CPU" },
		{ "queued", "request queued" },
		{ "failed", "failed" },
		{ "cancelled", "cancelled" },
	};
	double x = 16;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		fprintf(picture->file,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"12\" class=\"%s\"/>",
			x, y, keys[i].class);
		text_at(picture, x + 19, y + 10, "", keys[i].text);
		/* Requests that follow each other have different colours. */
		if (!strcmp(keys[i].class, "serving0"))
			fprintf(picture->file,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"12\" class=\"serving1\"/>",
				x + 7, y);
		x += 19 + strlen(keys[i].text) * GLYPH + 16;
	}

	y += 28;
	fprintf(picture->file,
		"<circle class=\"submit\" cx=\"22\" cy=\"%.1f\" r=\"3\"/><line class=\"down\" marker-end=\"url(#arrow)\" x1=\"25\" y1=\"%.1f\" x2=\"52\" y2=\"%.1f\"/>\n",
		y, y, y);
	text_at(picture, 60, y + 4, "",
		"a request goes from the thread that submits it to the drive's thread");
	fprintf(picture->file,
		"<line class=\"up\" marker-end=\"url(#back)\" x1=\"540\" y1=\"%.1f\" x2=\"565\" y2=\"%.1f\"/><circle class=\"complete\" cx=\"572\" cy=\"%.1f\" r=\"3\"/>\n",
		y, y, y);
	text_at(picture, 584, y + 4, "",
		"its completion goes back to who submitted it");
}

static void draw_header(const struct picture *picture)
{
	const struct recording *recording = picture->timeline->recording;
	size_t nr = 0;
	char text[160], length[32];

	for (unsigned int i = 0; i < recording->nr_drives; i++)
		nr += picture->timeline->tracks[i].nr_requests;
	format_time(length, sizeof(length), recording->end - recording->begin);
	snprintf(text, sizeof(text),
		 "What the threads of %u drive%s did in %s: %zu requests",
		 recording->nr_drives, recording->nr_drives == 1 ? "" : "s",
		 length, nr);
	text_at(picture, 16, 32, "title", text);
	draw_legend(picture, 50);
	if (recording->lost) {
		snprintf(text, sizeof(text),
			 "%llu events were lost: some of what is drawn is longer than it was",
			 (unsigned long long)recording->lost);
		text_at(picture, 16, 98, "drive", text);
	}
}

static void draw_arrowhead(FILE *file, const char *id, const char *colour)
{
	fprintf(file,
		"<marker id=\"%s\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0,1 8,4 0,7z\" fill=\"%s\"/></marker>\n",
		id, colour);
}

/* What is drawn is only known to be so high when it has been drawn. */
static void draw_body(struct picture *picture)
{
	unsigned int nr = picture->timeline->recording->nr_drives;

	picture->y = HEADER;
	for (unsigned int i = 0; i < nr; i++) {
		draw_track(picture, &picture->timeline->tracks[i]);
		progress("drawing: drive %u of %u", i + 1, nr);
	}
}

/* Errors are left in @file. */
void timeline_write_svg(FILE *file, const struct timeline *timeline)
{
	struct picture picture = { .timeline = timeline };
	char *body;
	size_t size;

	choose_ticks(&picture);
	picture.file = check_memory(open_memstream(&body, &size));
	draw_body(&picture);
	fclose(picture.file);
	check_memory(body);

	picture.file = file;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\">\n",
		WIDTH, picture.y + AXIS_HEIGHT, WIDTH, picture.y + AXIS_HEIGHT);
	fprintf(file, "<title>ddtctl timeline</title>\n<style>%s</style>\n<defs>\n",
		style);
	draw_arrowhead(file, "arrow", "#2d3748");
	draw_arrowhead(file, "back", "#2f855a");
	fprintf(file, "</defs>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	draw_header(&picture);
	draw_axis(&picture, picture.y, HEADER + TITLE_HEIGHT);
	fputs(body, file);
	fprintf(file, "</svg>\n");
	free(body);
	progress_end();
}

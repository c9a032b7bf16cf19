// SPDX-License-Identifier: GPL-2.0-only
/* top_screen.c - the live view of the command top */

#include <errno.h>
#include <string.h>
#include <time.h>

#include <curses.h>

#include "ddtctl.h"
#include "times.h"
#include "top.h"

#define MIN_INTERVAL	0.1
#define MAX_INTERVAL	60.0

/* What a line has beside the bar, which gets the rest. */
#define FIXED_COLUMNS	75
#define MIN_BAR		3

struct screen {
	double interval;
	bool paused;
	bool help;
	struct reading before, now;
};

static const char help_text[] =
	"Keys:\n"
	"  q      quit\n"
	"  + -    longer and shorter interval\n"
	"  p      pause, and go on\n"
	"  h ?    show this, and hide it\n"
	"\n"
	"Columns:\n"
	"  S      state of the thread as ps shows it: I waits, R runs\n"
	"  QUEUE  how full the queue is, and how many requests are in it\n"
	"  REQ/S  requests completed per second; WAKE/S wake-ups of the thread\n"
	"  CPU%   CPU time of the thread\n"
	"  p50    half of the requests of the interval took no longer than that,\n"
	"  p99    and 99 of 100 no longer than that: in the queue, in service\n";

static void print_time(int width, double ns)
{
	char text[16] = "-", *blank;

	if (ns >= 0)
		times_format(ns, text, sizeof(text));
	blank = strchr(text, ' ');
	if (blank)
		memmove(blank, blank + 1, strlen(blank));
	printw("%*s", width, text);
}

static void print_bar(const struct top_drive *drive, int width)
{
	unsigned int depth = drive->info.depth;
	unsigned int queued = drive->stats.queued;
	/* A single request is to be seen. */
	unsigned int full = ((uint64_t)queued * width + depth - 1) / depth;

	addch('[');
	for (int i = 0; i < width; i++)
		addch(i < (int)full ? '#' | A_BOLD : ' ');
	printw("] %5u", queued);
}

static int bar_width(void)
{
	return COLS - FIXED_COLUMNS > MIN_BAR ? COLS - FIXED_COLUMNS : MIN_BAR;
}

static void print_titles(void)
{
	int width = bar_width() + 2;

	attron(A_REVERSE);
	mvprintw(2, 0, "%-6s %6s %3s S %-*s %5s %6s %6s %5s  %6s %6s  %6s %6s",
		 "NAME", "PID", "NI", width, "QUEUE", "", "REQ/S", "WAKE/S",
		 "CPU%", "q p50", "q p99", "s p50", "s p99");
	attroff(A_REVERSE);
}

static void print_sample(int line, const struct sample *sample)
{
	const struct top_drive *drive = sample->drive;

	mvprintw(line, 0, "%-6s %6d %3d %c ", drive->name, drive->info.pid,
		 drive->info.nice, drive->state);
	print_bar(drive, bar_width());
	if (sample->known)
		printw(" %6.1f %6.1f %5.1f ", sample->requests,
		       sample->wakeups, sample->cpu);
	else
		printw(" %6s %6s %5s ", "-", "-", "-");
	print_time(7, sample->queued_median);
	print_time(7, sample->queued_p99);
	addch(' ');
	print_time(7, sample->service_median);
	print_time(7, sample->service_p99);
}

static void print_drives(const struct screen *screen)
{
	const struct reading *now = &screen->now;
	struct sample sample;
	unsigned int shown;

	if (!now->nr && now->err)
		mvprintw(2, 0, "no drive answers: %s; ask ddtctl doctor",
			 strerror(-now->err));
	else if (!now->nr)
		mvprintw(2, 0, "there are no drives: is ddt_drive loaded? ddtctl doctor says");
	if (!now->nr)
		return;

	print_titles();
	for (shown = 0; shown < now->nr && (int)shown + 4 < LINES; shown++) {
		sample_take(&sample, &screen->before, now, shown);
		print_sample(shown + 3, &sample);
	}
	if (shown < now->nr)
		mvprintw(LINES - 1, 0, "and %u more drives: make the terminal higher",
			 now->nr - shown);
}

static void draw(const struct screen *screen)
{
	erase();
	mvprintw(0, 0, "ddtctl top: %u drive%s, every %.1f s%s",
		 screen->now.nr, screen->now.nr == 1 ? "" : "s",
		 screen->interval, screen->paused ? ", paused" : "");
	mvprintw(1, 0, "q quit   + - interval   p pause   h help");
	if (screen->help)
		mvprintw(3, 0, "%s", help_text);
	else
		print_drives(screen);
	refresh();
}

static void next_reading(struct screen *screen)
{
	reading_free(&screen->before);
	screen->before = screen->now;
	reading_take(&screen->now);
}

static void change_interval(struct screen *screen, double factor)
{
	double interval = screen->interval * factor;

	if (interval >= MIN_INTERVAL && interval <= MAX_INTERVAL)
		screen->interval = interval;
}

/* Returns false for the key that ends it. */
static bool handle_key(struct screen *screen, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case '+':
		change_interval(screen, 2);
		break;
	case '-':
		change_interval(screen, 0.5);
		break;
	case 'p':
		screen->paused = !screen->paused;
		break;
	case 'h':
	case '?':
		screen->help = !screen->help;
		break;
	}
	/* Others, as that of a resized terminal, only draw it anew. */
	return true;
}

/* How long to wait for a key: until the next reading is due. */
static int wait_ms(const struct screen *screen)
{
	struct timespec now;
	double left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = screen->interval * 1e3 + screen->now.time / 1e6 -
	       (now.tv_sec * 1e3 + now.tv_nsec / 1e6);
	return left > 0 ? (int)left + 1 : 0;
}

/* Shows @count samples, or for ever if that is 0. Returns an exit status. */
int top_screen(double interval, uint32_t count)
{
	struct screen screen = { .interval = interval };
	SCREEN *terminal;
	uint32_t samples = 0;
	bool going = true;
	int key;

	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		error("the terminal cannot be used: is TERM set? Or use --json");
		return EXIT_FAILURE;
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);

	next_reading(&screen);
	while (going) {
		draw(&screen);
		timeout(screen.paused ? -1 : wait_ms(&screen));
		key = getch();
		if (key != ERR) {
			going = handle_key(&screen, key);
		} else if (!screen.paused) {
			next_reading(&screen);
			going = !count || samples++ < count;
		}
	}
	endwin();
	delscreen(terminal);
	reading_free(&screen.before);
	reading_free(&screen.now);
	return EXIT_SUCCESS;
}

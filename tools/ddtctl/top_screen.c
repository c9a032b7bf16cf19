// SPDX-License-Identifier: GPL-2.0-only
/* top_screen.c - the live view of the command top */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curses.h>

#include "ddtctl.h"
#include "times.h"
#include "top.h"

#define MIN_INTERVAL	0.1
#define MAX_INTERVAL	60.0

/* What a line has beside the bar, which gets the rest. */
#define FIXED_COLUMNS	77
#define MIN_BAR		3
#define MAX_BAR		200

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
	"  REQ/S  requests completed per second; WAKE/S wakeups of the thread\n"
	"  CPU%   CPU time of the thread\n"
	"  p50    half of the requests of the interval took no longer than that,\n"
	"  p99    and 99 of 100 no longer than that: in the queue, in service\n";

/* As "1.05ms". */
static void format_time(double ns, char *text, size_t size)
{
	char *blank;

	snprintf(text, size, "-");
	if (ns >= 0)
		times_format(ns, text, size);
	blank = strchr(text, ' ');
	if (blank)
		memmove(blank, blank + 1, strlen(blank));
}

/* Prints a line, or what fits of it. */
__printf(2, 3)
static void print_line(int line, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	mvaddnstr(line, 0, text, COLS);
}

static int bar_width(void)
{
	int width = COLS - FIXED_COLUMNS;

	return width < MIN_BAR ? MIN_BAR : width > MAX_BAR ? MAX_BAR : width;
}

static void format_bar(const struct top_drive *drive, char *bar)
{
	int width = bar_width();
	unsigned int depth = drive->info.depth;
	/* A single request is to be seen. */
	int full = ((uint64_t)drive->stats.queued * width + depth - 1) / depth;

	memset(bar, ' ', width);
	memset(bar, '#', full < width ? full : width);
	bar[width] = '\0';
}

static void print_titles(void)
{
	attron(A_REVERSE);
	print_line(2, "%-5s %6s %3s S %-*s %6s %6s %5s %7s%7s%8s%7s", "NAME",
		   "PID", "NI", bar_width() + 8, "QUEUE", "REQ/S", "WAKE/S",
		   "CPU%", "q p50", "q p99", "s p50", "s p99");
	attroff(A_REVERSE);
}

static void print_sample(int line, const struct sample *sample)
{
	const struct top_drive *drive = sample->drive;
	const double times[] = {
		sample->queued_median, sample->queued_p99,
		sample->service_median, sample->service_p99,
	};
	char time_text[ARRAY_SIZE(times)][16];
	char rates[64], bar[MAX_BAR + 1];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		format_time(times[i], time_text[i], sizeof(time_text[i]));
	if (sample->known)
		snprintf(rates, sizeof(rates), "%6.1f %6.1f %5.1f",
			 sample->requests, sample->wakeups, sample->cpu);
	else
		snprintf(rates, sizeof(rates), "%6s %6s %5s", "-", "-", "-");
	format_bar(drive, bar);

	print_line(line, "%-5s %6d %3d %c [%s] %5u %s %7s%7s%8s%7s",
		   drive->name, drive->info.pid, drive->info.nice,
		   drive->state, bar, drive->stats.queued, rates,
		   time_text[0], time_text[1], time_text[2], time_text[3]);
}

static void print_drives(const struct screen *screen)
{
	const struct reading *now = &screen->now;
	struct sample sample;
	unsigned int shown;

	if (!now->nr && now->err)
		print_line(2, "no drive answers: %s; ask ddtctl doctor",
			   strerror(-now->err));
	else if (!now->nr)
		print_line(2, "there are no drives: is ddt_drive loaded? ddtctl doctor says");
	if (!now->nr)
		return;

	print_titles();
	for (shown = 0; shown < now->nr && (int)shown + 4 < LINES; shown++) {
		sample_take(&sample, &screen->before, now, shown);
		print_sample(shown + 3, &sample);
	}
	if (shown < now->nr)
		print_line(LINES - 1, "and %u more drives: make the terminal higher",
			   now->nr - shown);
}

static void draw(const struct screen *screen)
{
	erase();
	print_line(0, "ddtctl top: %u drive%s, every %.1f s%s",
		   screen->now.nr, screen->now.nr == 1 ? "" : "s",
		   screen->interval, screen->paused ? ", paused" : "");
	print_line(1, "q quit   + - interval   p pause   h help");
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

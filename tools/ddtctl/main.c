// SPDX-License-Identifier: GPL-2.0-only
/* main.c - runs the command that the command line names */

#include <stdio.h>

#include "ddtctl.h"

int main(int argc, char **argv)
{
	struct invocation inv = {};
	int status;

	(void)argc;
	output_init();

	status = parse_command_line(&inv, argv);
	if (!status) {
		if (inv.options[OPT_HELP])
			print_help(&inv);
		else if (inv.options[OPT_VERSION])
			printf("ddtctl %s\n", DDTCTL_VERSION);
		else
			status = inv.command->run(&inv);
	}
	return output_finish(status);
}

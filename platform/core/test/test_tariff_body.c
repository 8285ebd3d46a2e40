/* Tariffs: what a body may say, and that it says the same when it was written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/tariff.h"

static void each_wrong_member_is_named(void **state)
{
	static const struct {
		const char *json, *field;
	} cases[] = {
	        {"",	                                                                              "plan"	                    },
	        {"[]",	                                                                            "plan"                            },
	        {"{\"rates\":[],\"rates\":[]}",	                                                   "plan"                            },
	        {"{}",	                                                                            "rates"                           },
	        {"{\"rates\":[]}",	                                                                "rates"                           },
	        {"{\"rates\":1}",	                                                                 "rates"                           },
	        {"{\"rates\":[1]}",	                                                               "rates[0]"                        },
	        {"{\"rates\":[{}]}",	                                                              "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1.5}]}",	                                              "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":-1}]}",	                                               "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1000000001}]}",                                               "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1,\"name\":1}]}",                                             "rates[0].name"                   },
	        {"{\"rates\":[{\"price_uy\":1,\"name\":\"123456789012345678901\"}]}",
	         "rates[0].name"	                                                                                                    },
	        {"{\"rates\":[{\"price_uy\":1,\"cost\":1}]}",                                             "rates[0].cost"                   },
	        {"{\"rates\":[{\"price_uy\":1}],\"calender\":{}}",                                        "calender"                        },

#define R "{\"rates\":[{\"price_uy\":1},{\"price_uy\":2}],"
	        {R "\"calendar\":[]}",	                                                            "calendar"                        },
	        {R "\"calendar\":{\"tables\":[[]]}}",                                                     "calendar.tables[0]"              },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"7:00\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"24:00\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"10:60\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":3}]}]}}",
	         "calendar.tables[0].slots[0].rate"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":1},"
	           "{\"from\":\"07:14\",\"rate\":2}]}]}}",	                       "calendar.tables[0].slots[1].from"},
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"00:00\",\"rate\":1},"
	           "{\"from\":\"23:50\",\"rate\":2}]}]}}",	                       "calendar.tables[0].slots[1].from"},
	        {R "\"calendar\":{\"zones\":[{\"month\":1,\"day\":1,\"table\":1}]}}",
	         "calendar.zones[0].table"	                                                                                          },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":2,\"day\":30,\"table\":1}]}}",	         "calendar.zones[0].day"           },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":3,\"day\":1,\"table\":1},"
	           "{\"month\":2,\"day\":1,\"table\":1}]}}",	                     "calendar.zones[1]"               },
	        {R "\"next_calendar\":{\"tables\":[]}}",                                                  "next_calendar.from"              },
	        {R "\"holidays\":[{\"month\":1,\"day\":1,\"table\":1}]}",                                 "holidays[0].table"               },
	        {R "\"holidays\":[{\"year\":1999,\"month\":1,\"day\":1,\"table\":1}]}",
	         "holidays[0].year"	                                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}]},"
	           "\"holidays\":[{\"year\":2027,\"month\":2,\"day\":29,\"table\":1}]}", "holidays[0].day"                 },
	        {R "\"steps\":{}}",	                                                               "steps.thresholds"                },
	        {R "\"steps\":{\"thresholds\":[0],\"prices_uy\":[0,1]}}",                                 "steps.thresholds[0]"             },
	        {R "\"steps\":{\"thresholds\":[5,5],\"prices_uy\":[0,1,2]}}",
	         "steps.thresholds[1]"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[\"5\"],\"prices_uy\":[0,1]}}",
	         "steps.thresholds[0]"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0]}}",                                   "steps.prices_uy"                 },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,\"1\"]}}",                             "steps.prices_uy[1]"              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,-1]}}",                                "steps.prices_uy[1]"              },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"add\"}}",                                 "steps.combine"                   },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"factor\",\"prices_uy\":[0,1]}}",
	         "steps.prices_uy"	                                                                                                  },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"factor\","
	           "\"factors_ppm\":[1,100000001]}}",	                            "steps.factors_ppm[1]"            },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":29}]}}",
	         "steps.settle[0].day"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"unsettled\":1}}",
	         "steps.unsettled"	                                                                                                  },
	        {R "\"calendar\":{\"tables\":1}}",	                                                "calendar.tables"                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":1}]}}",                                          "calendar.tables[0].slots"        },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[1]}]}}",                                        "calendar.tables[0].slots[0]"     },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"zones\":1}}",	                                                 "calendar.zones"                  },
	        {R "\"calendar\":{\"zones\":[1]}}",	                                               "calendar.zones[0]"               },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":13,\"day\":1,\"table\":1}]}}",	         "calendar.zones[0].month"         },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":1,\"day\":32,\"table\":1}]}}",	         "calendar.zones[0].day"           },
	        {R "\"next_calendar\":1}",	                                                        "next_calendar"                   },
	        {R "\"next_calendar\":{\"from\":5,\"tables\":1}}",                                        "next_calendar.tables"            },
	        {R "\"holiday_table\":1}",	                                                        "holiday_table"                   },
	        {R "\"holidays\":1}",	                                                             "holidays"                        },
	        {R "\"holidays\":[1]}",	                                                           "holidays[0]"                     },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]},{\"slots\":[]}]},"
	           "\"next_calendar\":{\"from\":5,\"tables\":[{\"slots\":[]}]},"
	           "\"holidays\":[{\"month\":1,\"day\":1,\"table\":2}]}",                "holidays[0].table"               },
	        {R "\"steps\":1}",	                                                                "steps"                           },
	        {R "\"steps\":{\"thresholds\":[5],\"factors_ppm\":[0,1]}}",                               "steps.factors_ppm"               },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":1}}",
	         "steps.settle"	                                                                                                     },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[1]}}",
	         "steps.settle[0]"	                                                                                                  },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],"
	           "\"settle\":[{\"month\":13,\"day\":1}]}}",	                    "steps.settle[0].month"           },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],"
	           "\"settle\":[{\"day\":1,\"hour\":24}]}}",	                     "steps.settle[0].hour"            },
	        {R "\"lines\":[{},{},{},{}]}",	                                                    "lines"                           },
	        {R "\"fee_fen\":-1}",	                                                             "fee_fen"                         },
	        {R "\"minimum_fen\":\"1\"}",	                                                      "minimum_fen"                     },
	};
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		why = NULL;
		assert_int_equal(
		        tariff_body_parse(cases[i].json, strlen(cases[i].json), &body, field, &why),
		        ERR_BAD_INPUT);
		assert_string_equal(field, cases[i].field);
		assert_non_null(why);
	}
}

/* What comes behind what was right is named just as well. */
static void a_mistake_further_on_is_named(void **state)
{
	static const struct {
		const char *json, *field;
	} cases[] = {
	        {"{\"rates\":[{\"price_uy\":1},{\"price_uy\":-1}]}",	                                                                           "rates[1].price_uy"           },
	        {"{\"rates\":[{\"name\":\"a\",\"price_uy\":1},{\"name\":\"b\",\"price_uy\":\"2\"}]}",
	         "rates[1].price_uy"	                                                                                                                                         },

#define TABLE "{\"slots\":[{\"from\":\"07:00\",\"rate\":1},{\"from\":\"22:00\",\"rate\":2}]}"
#define ZONE  "{\"month\":1,\"day\":1,\"table\":1}"
	        {R
	         "\"calendar\":{\"tables\":[" TABLE
	         ",{\"slots\":[{\"from\":\"07:00\",\"rate\":1},{\"from\":\"08:00\",\"rate\":0}]}]}}",
	         "calendar.tables[1].slots[1].rate"	                                                                                                                          },
	        {R "\"calendar\":{\"tables\":[" TABLE "],\"zones\":[" ZONE
	           ",{\"month\":2,\"day\":1,\"table\":2}]}}",	                                                                 "calendar.zones[1].table"     },
	        {R "\"calendar\":{\"tables\":[" TABLE "],\"zones\":[" ZONE "," ZONE "]}}",
	         "calendar.zones[1]"	                                                                                                                                         },
	        {R "\"calendar\":{\"tables\":[" TABLE "],\"zones\":[" ZONE
	           "]},\"next_calendar\":{\"from\":5,\"tables\":[" TABLE "],\"zones\":[" ZONE
	           ",{\"month\":0}]}}",	                                                                                       "next_calendar.zones[1].month"},
	        {R "\"calendar\":{\"tables\":[" TABLE "]},\"holidays\":[" ZONE
	           ",{\"month\":4,\"day\":31,\"table\":1}]}",	                                                                 "holidays[1].day"             },
	        {R "\"calendar\":{\"tables\":[" TABLE "]},\"holidays\":[" ZONE
	           "],\"holiday_table\":2}",	                                                                                  "holiday_table"               },
	        {R
	         "\"steps\":{\"thresholds\":[5,6],\"combine\":\"sum\",\"unsettled\":\"free\",\"settle\":[{\"day\":1},{\"day\":0}]}}",
	         "steps.settle[1].day"	                                                                                                                                       },
	        {R "\"steps\":{\"thresholds\":[5,6],\"prices_uy\":[0,1,1000000001]}}",
	         "steps.prices_uy[2]"	                                                                                                                                        },
	        {R
	         "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1]},\"lines\":[{\"price_uy\":1},{\"price_uy\":\"\"}]}",
	         "lines[1].price_uy"	                                                                                                                                         },
	        {R "\"lines\":[{\"price_uy\":1}],\"fee_fen\":1,\"minimum_fen\":-1}",                                                                   "minimum_fen"                 },
	};
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
		        tariff_body_parse(cases[i].json, strlen(cases[i].json), &body, field, &why),
		        ERR_BAD_INPUT);
		assert_string_equal(field, cases[i].field);
	}
}

static enum err parse(const char *json)
{
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	return tariff_body_parse(json, strlen(json), &body, field, &why);
}

static bool settles(const char *steps)
{
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE], json[256];
	const char *why;

	snprintf(json, sizeof json, "{\"rates\":[{\"price_uy\":1}]%s}", steps);
	assert_int_equal(tariff_body_parse(json, strlen(json), &body, field, &why), ERR_NONE);
	return tariff_body_settles(&body);
}

/* Steps that nobody told when to begin anew would be free without anybody wanting it. */
static void what_steps_do_without_a_settlement_is_said(void **state)
{
#define TWO ",\"steps\":{\"thresholds\":[1],\"prices_uy\":[0,1]"
	(void)state;
	assert_true(settles(""));
	assert_false(settles(TWO "}"));
	assert_false(settles(TWO ",\"settle\":[]}"));
	assert_true(settles(TWO ",\"unsettled\":\"free\"}"));
	assert_true(settles(TWO ",\"settle\":[{\"day\":1}]}"));
#undef TWO
}

/* The last value that is taken, and the first that is not. */
static void every_limit_is_taken_and_not_passed(void **state)
{
	static const struct {
		const char *before, *fits, *passes, *after;
	} cases[] = {
	        {"{\"rates\":[{\"price_uy\":",	                                                                             "1000000000",           "1000000001", "}]}"                       },
	        {"{\"rates\":[{\"price_uy\":",	                                                                             "0",                    "-1",         "}]}"                       },
	        {"{\"rates\":[{\"price_uy\":1,\"name\":\"",	                                                                "12345678901234567890",
	         "123456789012345678901",	                                                                                                                        "\"}]}"                     },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"rate\":1,\"from\":\"",                                                "23:59",
	         "24:00",	                                                                                                                                        "\"}]}]}}"                  },
	        {R
	         "\"calendar\":{\"tables\":[{\"slots\":[{\"rate\":1,\"from\":\"07:00\"},{\"rate\":2,\"from\":\"",
	         "07:15",	                                                                                                                          "07:14",      "\"}]}]}}"                  },
	        {R
	         "\"calendar\":{\"tables\":[{\"slots\":[{\"rate\":1,\"from\":\"00:00\"},{\"rate\":2,\"from\":\"",
	         "23:45",	                                                                                                                          "23:46",      "\"}]}]}}"                  },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"00:00\",\"rate\":",                                          "2",                    "3",
	         "}]}]}}"	                                                                                                                                                                    },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"00:00\",\"rate\":",                                          "1",                    "0",
	         "}]}]}}"	                                                                                                                                                                    },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"month\":12,\"table\":1,\"day\":",	                                     "31",                   "32",         "}]}}"                      },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"month\":2,\"table\":1,\"day\":",	                                      "29",                   "30",         "}]}}"                      },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"day\":1,\"table\":1,\"month\":",	                                      "12",                   "13",         "}]}}"                      },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"day\":1,\"table\":1,\"month\":",	                                      "1",                    "0",          "}]}}"                      },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"month\":1,\"day\":31,\"table\":1},{\"month\":",	                       "2",                    "1",          ",\"day\":1,\"table\":1}]}}"},
	        {R
	         "\"calendar\":{\"tables\":[" TABLE
	         "],\"zones\":[{\"month\":1,\"day\":5,\"table\":1},{\"month\":1,\"table\":1,\"day\":",
	         "6",	                                                                                                                              "5",          "}]}}"                      },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "],\"zones\":[{\"month\":1,\"day\":1,\"table\":",	                                      "1",                    "0",          "}]}}"                      },
	        {R "\"next_calendar\":{\"tables\":[" TABLE "],\"from\":",                                                          "253402300799",
	         "253402300800",	                                                                                                                                 "}}"                        },
	        {R "\"next_calendar\":{\"tables\":[" TABLE "],\"from\":",                                                          "1",                    "0",          "}}"                        },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "]},\"holidays\":[{\"month\":1,\"day\":1,\"table\":1,\"year\":",	                       "9999",                 "10000",      "}]}"                       },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "]},\"holidays\":[{\"month\":1,\"day\":1,\"table\":1,\"year\":",	                       "2000",                 "1999",       "}]}"                       },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "]},\"holidays\":[{\"month\":2,\"day\":29,\"table\":1,\"year\":",	                      "2028",                 "2029",       "}]}"                       },
	        {R "\"calendar\":{\"tables\":[" TABLE
	           "]},\"holidays\":[{\"month\":2,\"table\":1,\"day\":",	                                  "29",                   "30",         "}]}"                       },
	        {R "\"calendar\":{\"tables\":[" TABLE "]},\"holiday_table\":",                                                     "1",                    "0",          "}"                         },
	        {R "\"steps\":{\"prices_uy\":[0,1],\"thresholds\":[",                                                              "1",                    "0",          "]}}"                       },
	        {R "\"steps\":{\"prices_uy\":[0,1,2],\"thresholds\":[5,",                                                          "6",                    "5",          "]}}"                       },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,",                                                              "1000000000",           "1000000001",
	         "]}}"	                                                                                                                                                                       },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[1,",                                                              "0",                    "-1",         "]}}"                       },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0",                                                               ",1",                   ",1,2",       "]}}"                       },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"factor\",\"factors_ppm\":[0,",
	         "100000000",	                                                                                                                      "100000001",  "]}}"                       },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":",                                      "28",
	         "29",	                                                                                                                                           "}]}}"                      },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":",                                      "1",
	         "0",	                                                                                                                                            "}]}}"                      },
	        {R
	         "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":1,\"month\":",
	         "12",	                                                                                                                             "13",         "}]}}"                      },
	        {R
	         "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":1,\"month\":",
	         "1",	                                                                                                                              "0",          "}]}}"                      },
	        {R
	         "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":1,\"hour\":",
	         "23",	                                                                                                                             "24",         "}]}}"                      },
	        {R
	         "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":1,\"hour\":",
	         "0",	                                                                                                                              "-1",         "}]}}"                      },
	        {R "\"lines\":[{\"price_uy\":",	                                                                            "0",                    "-1",         "}]}"                       },
	        {R "\"fee_fen\":",	                                                                                         "1000000000",           "1000000001", "}"                         },
	        {R "\"minimum_fen\":",	                                                                                     "1000000000",           "1000000001", "}"                         },
	};

	char json[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(json, sizeof json, "%s%s%s", cases[i].before, cases[i].fits,
		         cases[i].after);
		assert_int_equal(parse(json), ERR_NONE);
		snprintf(json, sizeof json, "%s%s%s", cases[i].before, cases[i].passes,
		         cases[i].after);
		assert_int_equal(parse(json), ERR_BAD_INPUT);
	}
}

/* Appends an item; # in it is a number of two digits, $ one as it is. */
static void append(char *json, const char *item, unsigned number)
{
	for (json += strlen(json); *item; item++)
		if (*item == '#' || *item == '$')
			json += snprintf(json, 4, *item == '#' ? "%02u" : "%u", number);
		else
			*json++ = *item;
	*json = '\0';
}

/* As many as a plan holds, and one more. */
static void every_list_has_its_length(void **state)
{
	static const struct {
		const char *before, *item, *after;
		unsigned most;
	} cases[] = {
	        {"{\"rates\":[",	                                                            "{\"price_uy\":1}",               "]}",  PLAN_RATES      },
	        {R "\"calendar\":{\"tables\":[",	                                            TABLE,                            "]}}", PLAN_TABLES     },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[",                                        "{\"from\":\"#:00\",\"rate\":1}",
	         "]}]}}",	                                                                                                            PLAN_SLOTS      },
	        {R "\"calendar\":{\"tables\":[" TABLE "],\"zones\":[",
	         "{\"month\":1,\"day\":$,\"table\":1}",	                                                                       "]}}", PLAN_ZONES      },
	        {R "\"calendar\":{\"tables\":[" TABLE "]},\"holidays\":[",                          ZONE,                             "]}",
	         PLAN_HOLIDAYS	                                                                                                                       },
	        {R "\"steps\":{\"combine\":\"sum\",\"prices_uy\":[0,1,2,3,4,5,6],\"thresholds\":[",
	         "$",	                                                                                                         "]}}", PLAN_THRESHOLDS },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[",                "{\"day\":1}",
	         "]}}",	                                                                                                              PLAN_SETTLEMENTS},
	        {R "\"lines\":[",	                                                           "{\"price_uy\":1}",               "]}",  PLAN_LINES - 1  },
	};

	static char json[16384];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned more = 0; more < 2; more++) {
			snprintf(json, sizeof json, "%s", cases[i].before);
			for (unsigned k = 1; k <= cases[i].most + more; k++) {
				append(json, k > 1 ? "," : "", 0);
				append(json, cases[i].item, k);
			}
			append(json, cases[i].after, 0);
			assert_int_equal(parse(json), more ? ERR_BAD_INPUT : ERR_NONE);
		}
}

static void a_time_has_two_digits_twice(void **state)
{
	static const char *const times[] = {"ab:cd", "07030", ":7:30",  "0::30", "07::0",
	                                    "07:3:", "007:3", "07:300", "7:30",  ""};
	struct tariff_body body;
	char json[160], field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int len = snprintf(json, sizeof json,
		                   R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"%s\","
		                     "\"rate\":1}]}]}}",
		                   times[i]);

		assert_int_equal(tariff_body_parse(json, (size_t)len, &body, field, &why),
		                 ERR_BAD_INPUT);
		assert_string_equal(field, "calendar.tables[0].slots[0].from");
	}
}

static void a_body_has_64_kib_at_most(void **state)
{
	static char json[(64 << 10) + 1];
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE];
	const char *why;
	int len = snprintf(json, sizeof json, "{\"rates\":[{\"price_uy\":1}]}");

	(void)state;
	memset(json + len, ' ', sizeof json - (size_t)len);
	assert_int_equal(tariff_body_parse(json, sizeof json - 1, &body, field, &why), ERR_NONE);
	assert_int_equal(tariff_body_parse(json, sizeof json, &body, field, &why), ERR_BAD_INPUT);
	assert_string_equal(field, "plan");
}

/* All that there is, and the least. */
static void what_is_read_is_written_again(void **state)
{
#define EVERYTHING(combine, values)                                                                \
	"{\"rates\":[{\"name\":\"峰\",\"price_uy\":1000000},{\"price_uy\":300000}],"              \
	"\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:05\",\"rate\":1},"                   \
	"{\"from\":\"22:30\",\"rate\":2}]},{\"slots\":[]}],\"zones\":[{\"month\":2,\"day\":29,"    \
	"\"table\":2},{\"month\":10,\"day\":1,\"table\":1}]},"                                     \
	"\"next_calendar\":{\"from\":1800000000,\"tables\":[{\"slots\":[]},{\"slots\":[]}],"       \
	"\"zones\":[]},\"holidays\":[{\"month\":1,\"day\":1,\"table\":2},{\"year\":2028,"          \
	"\"month\":2,\"day\":29,\"table\":1}],\"holiday_table\":2,\"steps\":{\"thresholds\":"      \
	"[2880000,4800000]," combine values "\"settle\":[{\"month\":1,\"day\":1,\"hour\":6},"      \
	"{\"day\":28}],\"unsettled\":\"monthly\"},\"lines\":[{\"name\":\"sewage\",\"price_uy\":"   \
	"950000},{\"price_uy\":0}],\"fee_fen\":500,\"minimum_fen\":1000}"

	static const char *const bodies[] = {
	        EVERYTHING("\"combine\":\"sum\",", "\"prices_uy\":[0,50000,300000],"),
	        EVERYTHING("\"combine\":\"factor\",", "\"factors_ppm\":[1000000,1050000,0],"),
	        "{\"rates\":[{\"name\":\"a\",\"price_uy\":7}]}",
	        "{\"rates\":[{\"price_uy\":7}]}",
	};
	static struct tariff_body body, again;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct json_out out;
		const char *text;

		assert_int_equal(
		        tariff_body_parse(bodies[i], strlen(bodies[i]), &body, field, &why),
		        ERR_NONE);
		json_out_init(&out);
		tariff_body_write(&out, NULL, &body);
		text = json_out_string(&out);
		assert_non_null(text);
		assert_int_equal(tariff_body_parse(text, strlen(text), &again, field, &why),
		                 ERR_NONE);
		assert_memory_equal(&body, &again, sizeof body);
		json_out_free(&out);
		body.plan.version = 1;
		body.plan.utc_offset_s = PLAN_OFFSET_CHINA_S;
		assert_int_equal(plan_check(&body.plan, field), ERR_NONE);
	}
	assert_int_equal(body.plan.rate_price_uy[0], 7);
}

/* What is written again could be as wrong as what was read: here it is looked at. */
static void every_member_means_what_it_says(void **state)
{
	static const char *const words[] = {"峰", "", "sewage", ""};
	static const char sum[] =
	        EVERYTHING("\"combine\":\"sum\",", "\"prices_uy\":[0,50000,300000],");
	static const char factor[] =
	        EVERYTHING("\"combine\":\"factor\",", "\"factors_ppm\":[1000000,1050000,0],");
	static struct tariff_body body;
	const struct plan *plan = &body.plan;
	const struct plan_calendar *first = &plan->calendar[0], *next = &plan->calendar[1];
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	assert_int_equal(tariff_body_parse(sum, strlen(sum), &body, field, &why), ERR_NONE);
	assert_int_equal(plan->rate_count, 2);
	assert_int_equal(plan->rate_price_uy[0], 1000000);
	assert_int_equal(plan->rate_price_uy[1], 300000);
	assert_string_equal(body.rate_name[0], words[0]);
	assert_string_equal(body.rate_name[1], words[1]);
	assert_int_equal(first->table_count, 2);
	assert_int_equal(first->table[0].count, 2);
	assert_int_equal(first->table[0].slot[0].minute, 7 * 60 + 5);
	assert_int_equal(first->table[0].slot[0].rate, 1);
	assert_int_equal(first->table[0].slot[1].minute, 22 * 60 + 30);
	assert_int_equal(first->table[0].slot[1].rate, 2);
	assert_int_equal(first->table[1].count, 0);
	assert_int_equal(first->zone_count, 2);
	assert_int_equal(first->zone[0].month, 2);
	assert_int_equal(first->zone[0].day, 29);
	assert_int_equal(first->zone[0].table, 2);
	assert_int_equal(first->zone[1].month, 10);
	assert_int_equal(first->zone[1].day, 1);
	assert_int_equal(first->zone[1].table, 1);
	assert_int_equal(plan->switch_s, 1800000000);
	assert_int_equal(next->table_count, 2);
	assert_int_equal(next->zone_count, 0);
	assert_int_equal(plan->holiday_count, 2);
	assert_int_equal(plan->holiday[0].year, 0);
	assert_int_equal(plan->holiday[0].month, 1);
	assert_int_equal(plan->holiday[0].day, 1);
	assert_int_equal(plan->holiday[0].table, 2);
	assert_int_equal(plan->holiday[1].year, 2028);
	assert_int_equal(plan->holiday[1].day, 29);
	assert_int_equal(plan->calendar_table, 2);
	assert_int_equal(plan->threshold_count, 2);
	assert_int_equal(plan->threshold_wh[0], 2880000);
	assert_int_equal(plan->threshold_wh[1], 4800000);
	assert_int_equal(plan->combine, PLAN_SUM);
	assert_int_equal(plan->step_price_uy[0], 0);
	assert_int_equal(plan->step_price_uy[1], 50000);
	assert_int_equal(plan->step_price_uy[2], 300000);
	assert_int_equal(plan->settlement_count, 2);
	assert_int_equal(plan->settlement[0].month, 1);
	assert_int_equal(plan->settlement[0].day, 1);
	assert_int_equal(plan->settlement[0].hour, 6);
	assert_int_equal(plan->settlement[1].month, 0);
	assert_int_equal(plan->settlement[1].day, 28);
	assert_int_equal(plan->settlement[1].hour, 0);
	assert_int_equal(plan->unsettled, PLAN_UNSETTLED_MONTHLY);
	assert_int_equal(plan->line_count, 2);
	assert_int_equal(plan->line_price_uy[0], 950000);
	assert_int_equal(plan->line_price_uy[1], 0);
	assert_string_equal(body.line_name[0], words[2]);
	assert_string_equal(body.line_name[1], words[3]);
	assert_int_equal(plan->fee_fen, 500);
	assert_int_equal(plan->minimum_fen, 1000);
	assert_int_equal(tariff_body_parse(factor, strlen(factor), &body, field, &why), ERR_NONE);
	assert_int_equal(plan->combine, PLAN_FACTOR);
	assert_int_equal(plan->step_factor_ppm[1], 1050000);
	assert_int_equal(plan->step_factor_ppm[2], 0);
}

static void a_difference_keeps_every_price_within_its_limits(void **state)
{
	static struct tariff_body body, before;
	unsigned rate;

	(void)state;
	body.plan.rate_count = 2;
	body.plan.rate_price_uy[0] = 100;
	body.plan.rate_price_uy[1] = PLAN_PRICE_MAX - 5;
	before = body;
	assert_int_equal(tariff_body_add(&body, 6, &rate), ERR_RANGE);
	assert_int_equal(rate, 2);
	assert_int_equal(tariff_body_add(&body, -101, &rate), ERR_RANGE);
	assert_int_equal(rate, 1);
	assert_int_equal(tariff_body_add(&body, INT64_MAX, &rate), ERR_RANGE);
	assert_int_equal(rate, 1);
	assert_memory_equal(&body, &before, sizeof body);
	assert_int_equal(tariff_body_add(&body, 5, &rate), ERR_NONE);
	assert_int_equal(body.plan.rate_price_uy[0], 105);
	assert_int_equal(body.plan.rate_price_uy[1], PLAN_PRICE_MAX);
	assert_int_equal(tariff_body_add(&body, -105, &rate), ERR_NONE);
	assert_int_equal(body.plan.rate_price_uy[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_wrong_member_is_named),
	        cmocka_unit_test(what_steps_do_without_a_settlement_is_said),
	        cmocka_unit_test(a_mistake_further_on_is_named),
	        cmocka_unit_test(every_limit_is_taken_and_not_passed),
	        cmocka_unit_test(every_list_has_its_length),
	        cmocka_unit_test(a_time_has_two_digits_twice),
	        cmocka_unit_test(a_body_has_64_kib_at_most),
	        cmocka_unit_test(what_is_read_is_written_again),
	        cmocka_unit_test(every_member_means_what_it_says),
	        cmocka_unit_test(a_difference_keeps_every_price_within_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

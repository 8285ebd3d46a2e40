#include "platform/http/problem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "platform/core/json_out.h"

static const struct {
	unsigned status;
	const char *word, *title, *title_zh;
} problems[PROBLEM_COUNT] = {
        [PROBLEM_NONE] = {200, "none",                   "No problem",                                             "无"                                                },
        [PROBLEM_BAD_REQUEST] = {400, "bad-request",            "The request is malformed",                               "请求格式错误"                                 },
        [PROBLEM_BAD_FIELD] = {400, "bad-field",              "A field is missing or wrong",                            "字段缺失或有误"                              },
        [PROBLEM_LOGIN_NEEDED] = {401, "login-needed",           "Log in first",                                           "请先登录"                                       },
        [PROBLEM_LOGIN_WRONG] = {401, "login-wrong",            "Name or password is wrong",
                          "用户名或密码错误"                                                                                                                    },
        [PROBLEM_CODE_NEEDED] = {401, "code-needed",            "The code of the second factor is needed",
                          "需要动态口令"                                                                                                                          },
        [PROBLEM_CODE_WRONG] = {401, "code-wrong",             "The code is wrong",                                      "动态口令错误"                                 },
        [PROBLEM_PASSWORD_CHANGE] = {403, "password-change-needed",
                          "Choose your own password first",                                                        "请先修改密码"                                 },
        [PROBLEM_FACTOR_NEEDED] = {403, "second-factor-needed",
                          "Your role needs a second factor: enrol one first",                                      "当前角色必须启用动态口令，请先启用"},
        [PROBLEM_FORBIDDEN] = {403, "forbidden",              "You have no right to do this here",
                          "您在此处无此权限"                                                                                                                    },
        [PROBLEM_CROSS_SITE] = {403, "cross-site",             "The X-Wattle-Request header is missing",
                          "缺少 X-Wattle-Request 请求头"                                                                                                           },
        [PROBLEM_NOT_FOUND] = {404, "not-found",              "There is no such thing here",                            "找不到该对象"                                 },
        [PROBLEM_METHOD] = {405, "method",                 "This method is not for this path",                       "不支持该请求方法"                           },
        [PROBLEM_TIMEOUT] = {408, "timeout",                "The request came too slowly",                            "请求超时"                                       },
        [PROBLEM_CONFLICT] = {409, "conflict",               "The present state does not allow this",
                          "当前状态不允许此操作"                                                                                                              },
        [PROBLEM_EXISTS] = {409, "exists",                 "This exists already",                                    "该对象已存在"                                 },
        [PROBLEM_KEY_UNKNOWN] = {409, "key-unknown",            "The key of this terminal is not known",
                          "终端密钥未知"                                                                                                                          },
        [PROBLEM_IN_FLIGHT] = {409, "in-flight",              "The same request is being worked on",
                          "相同请求正在处理"                                                                                                                    },
        [PROBLEM_LENGTH] = {411, "length",                 "A body needs a Content-Length",
                          "请求体缺少 Content-Length"                                                                                                              },
        [PROBLEM_OTHER_VERSION] = {412, "other-version",
                          "Somebody changed this meanwhile; read it again",                                        "该对象已被他人修改，请重新读取"      },
        [PROBLEM_TOO_LARGE] = {413, "too-large",              "The request is too large",                               "请求内容过大"                                 },
        [PROBLEM_TYPE] = {415, "type",                   "The body has another Content-Type than this path takes",
                          "请求体类型不受支持"                                                                                                                 },
        [PROBLEM_KEY_REUSED] = {422, "key-reused",
                          "This Idempotency-Key was used for another request",                                     "该 Idempotency-Key 已用于其他请求"          },
        [PROBLEM_NEEDS_VERSION] = {428, "needs-version",          "An edit needs the version that you read",
                          "修改时必须带上所读取的版本"                                                                                                     },
        [PROBLEM_TOO_MANY] = {429, "too-many",               "Too many attempts; wait a little",
                          "尝试过于频繁，请稍后再试"                                                                                                        },
        [PROBLEM_INTERNAL] = {500, "internal",               "The platform failed",                                    "平台内部错误"                                 },
        [PROBLEM_BUSY] = {503, "busy",                   "The platform is busy; try again",                        "平台繁忙，请重试"                           },
        [PROBLEM_DISK_FULL] = {507, "disk-full",              "The platform's disk is full; nothing was changed",
                          "平台磁盘已满，未作任何更改"                                                                                                     },
};

bool refuse(struct refusal *refusal, enum problem problem, const char *field, const char *format,
            ...)
{
	va_list args;

	refusal->problem = problem;
	snprintf(refusal->field, sizeof refusal->field, "%s", field ? field : "");
	va_start(args, format);
	vsnprintf(refusal->detail, sizeof refusal->detail, format, args);
	va_end(args);
	return false;
}

unsigned problem_status(enum problem problem)
{
	return problems[problem].status;
}

void problem_write(struct json_out *out, const struct refusal *refusal)
{
	char type[64];

	snprintf(type, sizeof type, "/problems/%s", problems[refusal->problem].word);
	out_object(out, NULL);
	out_text(out, "type", type);
	out_text(out, "title", problems[refusal->problem].title);
	out_text(out, "title_zh", problems[refusal->problem].title_zh);
	out_int(out, "status", problems[refusal->problem].status);
	out_text(out, "detail", refusal->detail);
	if (refusal->field[0])
		out_text(out, "field", refusal->field);
	out_object_end(out);
}

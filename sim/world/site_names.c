#include "sim/world/site_names.h"

#include <stdio.h>

#include "libs/base/macros.h"

static const char *const properties[] = {
        "梧桐苑",   "翠湖花园", "金桂商业广场", "滨江科技园", "书香公寓",
        "明珠大厦", "紫荆雅苑", "城北物流园",   "东湖国际",   "学府里",
};
static const char *const phases[] = {"", "二期", "三期", "四期", "五期"};
static const char *const surnames[] = {
        "王", "李", "张", "刘", "陈",   "杨",   "黄", "赵", "吴", "周", "徐", "孙",
        "马", "朱", "胡", "郭", "何",   "林",   "高", "罗", "郑", "梁", "谢", "宋",
        "唐", "许", "邓", "冯", "欧阳", "司马", "韩", "曹", "曾", "彭", "萧", "蔡",
};
static const char *const given[] = {
        "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛",
        "明", "超", "秀", "霞", "平", "刚", "桂", "英", "华", "文", "建", "国", "志", "海", "燕",
        "玲", "红", "春", "梅", "龙", "飞", "鑫", "宇", "晨", "欣", "怡", "佳", "雨", "婷", "㐂",
};
static const char *const towns[] = {"杭州", "苏州", "宁波", "南京", "合肥", "长沙", "武汉", "成都"};
static const char *const words[] = {"恒信", "天一", "瑞丰", "华盛", "安泰",
                                    "立新", "博远", "嘉禾", "云帆", "众诚"};
static const char *const trades[] = {"贸易", "餐饮管理", "科技", "装饰工程", "教育咨询",
                                     "物流", "超市",     "服饰", "医疗器械", "网络"};

#define PICK(rnd, list) list[rnd_below(rnd, ARRAY_SIZE(list))]

void site_property_name(size_t i, char *to, size_t size)
{
	size_t phase = i / ARRAY_SIZE(properties);

	if (phase < ARRAY_SIZE(phases))
		snprintf(to, size, "%s%s", properties[i % ARRAY_SIZE(properties)], phases[phase]);
	else
		snprintf(to, size, "%s%zu期", properties[i % ARRAY_SIZE(properties)], phase + 1);
}

void site_person_name(struct rnd *rnd, char *to, size_t size)
{
	const char *surname = PICK(rnd, surnames), *first = PICK(rnd, given);
	const char *second = rnd_below(rnd, 3) ? PICK(rnd, given) : "";

	snprintf(to, size, "%s%s%s", surname, first, second);
}

void site_company_name(struct rnd *rnd, char *to, size_t size)
{
	const char *town = PICK(rnd, towns), *word = PICK(rnd, words);

	snprintf(to, size, "%s%s%s有限公司", town, word, PICK(rnd, trades));
}

void site_phone(struct rnd *rnd, char *to, size_t size)
{
	snprintf(to, size, "199%08u", (unsigned)rnd_below(rnd, 100000000));
}

// The server says what is wrong in English; people who read Chinese get the sentences they meet here. What is
// not known stays as it came. Loaded only for them.

/** `*` stands for a value, and is put where the Chinese has it. */
const SENTENCES: Record<string, string> = {
  'is missing': '没有填写',
  'is taken': '已被使用',
  'is taken in this property': '本物业内已被使用',
  'is taken below this parent': '同一上级下已被使用',
  'is past': '已经过去',
  'is archived': '已归档',
  'must be one of *': '必须是其中之一：*',
  'must have * to * characters': '须为 * 到 * 个字符',
  'must have * to * items': '须为 * 到 * 项',
  'must match *': '格式不符：*',
  'must be * to * letters, digits and -': '须为 * 到 * 个字母、数字或短横',
  'must be 1 to 32 of a-z, 0-9 and -, and not `live`': '须为 1 到 32 个小写字母、数字或短横，且不能是 live',
  'must be 3 to 20 digits': '须为 3 到 20 位数字',
  'must be an integer': '须为整数',
  'must be an integer from * to *': '须为 * 到 * 的整数',
  'must be a date, 2026-11-24': '须为日期，例如 2026-11-24',
  'must be 0 (for ever) or * to * days': '须为 0（永久）或 * 到 * 天',
  'must be 0 or a divisor of *': '须为 0 或能整除 * 的数',
  'must be * to *': '须为 * 到 *',
  'must be before `to`': '须早于结束时间',
  'must be UTF-8': '须为 UTF-8 文字',
  'must not hold control characters': '不能含控制字符',
  'must not hold / or begin or end with a blank': '不能含斜线，首尾不能有空格',
  'must not be above alarm1_fen': '不能高于一级报警',
  'must not be above alarm1_fen *': '不能高于一级报警（*）',
  'must be above allow_close_fen: nobody could close again': '须高于合闸允许金额，否则无人能再合闸',
  'must not be before the start or after 2269': '不能早于开始日期或晚于 2269 年',
  'must not be in the future or before the last change': '不能在将来，也不能早于上次变更',
  'longer than * characters': '超过 * 个字符',
  'at most *': '最多 * 个',
  'at most * windows': '最多 * 个时段',
  'at most * days': '最多 * 个日子',
  'at most * bytes': '最多 * 字节',
  'from 1970 to 2269': '须在 1970 到 2269 年之间',
  'from 00:00 to 23:59, until 00:01 to 24:00, and not equal': '开始为 00:00 到 23:59，结束为 00:01 到 24:00，且不能相同',
  'a window names at least one day': '每个时段至少选一天',
  'a day stands twice': '有一天重复了',
  'one stands twice': '有一项重复了',
  '1 to * of them': '须为 1 到 * 个',
  'one of them is inside another': '其中一个位置在另一个里面',
  'exactly one is the main one': '须有且只有一个主号码',
  'a new one needs a number': '新加的号码不能为空',
  'a number has 3 to 20 digits, and may begin with +': '号码为 3 到 20 位数字，可以 + 开头',
  'no phone of this id, or twice': '号码不存在或重复',
  'another lease holds one of them in this time': '这段时间里其中有位置已被另一份租约占用',
  'the lease has begun': '租约已经开始',
  'the lease has begun: end it and make another': '租约已经开始，请先终止它再新建一份',
  'the lease is over': '租约已经结束',
  'is past; end the lease instead': '这一天已经过去，请改用“立即终止”',
  'it is done already': '已经处理过了',
  'he has a lease that runs or will run': '还有执行中或未开始的租约',
  'the person was erased': '此人的个人数据已删除',
  'it waits for approval already': '已在等待审批',
  'it has leases that run': '还有执行中的租约',
  'it has properties that are not archived': '还有没归档的物业',
  'the property is archived': '物业已归档',
  'the group is archived': '集团已归档',
  'nodes, meters (also former ones) or leases hang on it': '上面还挂着下级、表计（含曾经的）或租约',
  'a node above it, here or there, is or was leased as a whole': '原来或新的上级正在或曾经整体出租',
  'a building has none, a floor stands in a building, a room on a floor': '楼栋没有上级，楼层在楼栋下，房间在楼层下',
  'a property uses it': '有物业正在使用',
  'a property or its group uses it': '物业或集团正在使用',
  'a brace is not closed; write {{ or }} for one': '花括号没有成对；要写花括号本身请写两个',
  'a brace* is not closed; write {{ or }} for one': '花括号没有成对（*）；要写花括号本身请写两个',
  'no such space here': '这里没有这个位置',
  'no such customer here': '这里没有这个用户',
  'no such calendar here': '这里没有这个日历',
  'no such alarm plan here': '这里没有这个报警方案',
  'no such kind of sheet': '没有这种表',
  'no right there': '在那里没有权限',
  'no right outside of spaces': '在位置之外没有权限',
  'nothing of this name or number': '没有这个名称或编号',
  'it has mistakes': '表中有错误',
  'it holds other rows': '内容已经不同',
  'nothing of it is staged': '没有暂存的行',
  'the file is complete': '文件已经收完',
  'too late': '已经太晚',
  'too many bodies at once': '同时上传的太多，请稍后再试',
  'too many exports are running': '同时导出的太多，请稍后再试',
  'given twice': '重复了',
  'the platform is stopping': '服务器正在停止',
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Those with a value, the longest first: it says most. */
const PATTERNS = Object.entries(SENTENCES)
  .filter(([english]) => english.includes('*'))
  .sort(([a], [b]) => b.length - a.length)
  .map(([english, chinese]) => ({ form: new RegExp(`^${english.split('*').map(escaped).join('(.+?)')}$`), chinese }))

export function inChinese(detail: string): string {
  const known = SENTENCES[detail]
  if (known && !known.includes('*')) return known
  for (const { form, chinese } of PATTERNS) {
    const values = form.exec(detail)?.slice(1)
    if (values) return chinese.replaceAll('*', () => values.shift() ?? '')
  }
  return detail
}

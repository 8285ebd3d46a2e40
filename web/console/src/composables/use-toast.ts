import { ElMessage } from 'element-plus/es/components/message/index'
import 'element-plus/es/components/message/style/css'

/** A short word that something was done; it leaves by itself. */
export function toast(text: string): void {
  ElMessage({ type: 'success', message: text, grouping: true, duration: 2500 })
}

import { ElMessage } from 'element-plus/es/components/message/index'
import 'element-plus/es/components/message/style/css'

/** A short word that something was done, or was refused; it leaves by itself. */
export function toast(text: string, type: 'success' | 'error' = 'success'): void {
  ElMessage({ type, message: text, grouping: true, duration: type === 'error' ? 5000 : 2500 })
}

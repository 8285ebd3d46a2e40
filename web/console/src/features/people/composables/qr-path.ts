import qrcode from 'qrcode-generator'

export interface QrPicture {
  /** Of an SVG whose unit is one module. */
  path: string
  size: number
}

/** The dark modules as one path; correction level M. */
export function qrPath(text: string): QrPicture {
  const code = qrcode(0, 'M')
  code.addData(text, 'Byte')
  code.make()
  const size = code.getModuleCount()
  let path = ''
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`
  return { path, size }
}

#include "libs/base/crc.h"

#include "libs/base/bytes.h"

uint16_t crc16_modbus(const uint8_t *bytes, size_t len)
{
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return (uint16_t)crc;
}

#if __STDC_HOSTED__
/* Eight bytes a step: table k holds each byte run through the reflected polynomial 0xEDB88320 with k more
 * bytes of 0 behind it. That is linear, so an entry is the sum of those of its bits. */
#define CRC_BIT(n, bit, value) ((n) >> (bit)&1 ? (value) : 0u)
#define CRC_ENTRY(n, a, b, c, d, e, f, g, h)                                                       \
	(CRC_BIT(n, 0, a) ^ CRC_BIT(n, 1, b) ^ CRC_BIT(n, 2, c) ^ CRC_BIT(n, 3, d) ^               \
	 CRC_BIT(n, 4, e) ^ CRC_BIT(n, 5, f) ^ CRC_BIT(n, 6, g) ^ CRC_BIT(n, 7, h))
#define CRC_4(n, ...)                                                                              \
	CRC_ENTRY(n, __VA_ARGS__), CRC_ENTRY(n + 1, __VA_ARGS__), CRC_ENTRY(n + 2, __VA_ARGS__),   \
	        CRC_ENTRY(n + 3, __VA_ARGS__)
#define CRC_16(n, ...)                                                                             \
	CRC_4(n, __VA_ARGS__), CRC_4(n + 4, __VA_ARGS__), CRC_4(n + 8, __VA_ARGS__),               \
	        CRC_4(n + 12, __VA_ARGS__)
#define CRC_64(n, ...)                                                                             \
	CRC_16(n, __VA_ARGS__), CRC_16(n + 16, __VA_ARGS__), CRC_16(n + 32, __VA_ARGS__),          \
	        CRC_16(n + 48, __VA_ARGS__)
#define CRC_TABLE(...)                                                                             \
	CRC_64(0, __VA_ARGS__), CRC_64(64, __VA_ARGS__), CRC_64(128, __VA_ARGS__),                 \
	        CRC_64(192, __VA_ARGS__)

static const uint32_t crc_table[8][256] = {
        {CRC_TABLE(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832, 0x1DB71064, 0x3B6E20C8,
                   0x76DC4190, 0xEDB88320)},
        {CRC_TABLE(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08, 0x4AC21251, 0x958424A2,
                   0xF0794F05, 0x3B83984B)},
        {CRC_TABLE(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8, 0x1C26A370, 0x384D46E0,
                   0x709A8DC0, 0xE1351B80)},
        {CRC_TABLE(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF, 0x5019579F, 0xA032AF3E,
                   0x9B14583D, 0xED59B63B)},
        {CRC_TABLE(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1, 0x60E09782, 0xC1C12F04,
                   0x58F35849, 0xB1E6B092)},
        {CRC_TABLE(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D, 0x03D6029B, 0x07AC0536,
                   0x0F580A6C, 0x1EB014D8)},
        {CRC_TABLE(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67, 0x67DE9CCE, 0xCFBD399C,
                   0x440B7579, 0x8816EAF2)},
        {CRC_TABLE(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5, 0x7CBB312B, 0xF9766256,
                   0x299DC2ED, 0x533B85DA)},
};

uint32_t crc32_ieee(uint32_t crc, const uint8_t *bytes, size_t len)
{
	crc = ~crc;
	for (; len >= 8; len -= 8, bytes += 8) {
		uint32_t low = crc ^ get_le32(bytes), high = get_le32(bytes + 4);

		crc = crc_table[7][low & 255] ^ crc_table[6][low >> 8 & 255] ^
		      crc_table[5][low >> 16 & 255] ^ crc_table[4][low >> 24] ^
		      crc_table[3][high & 255] ^ crc_table[2][high >> 8 & 255] ^
		      crc_table[1][high >> 16 & 255] ^ crc_table[0][high >> 24];
	}
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ crc_table[0][(crc ^ bytes[i]) & 255];
	return ~crc;
}
#else /* the terminal, whose flash is small */
uint32_t crc32_ieee(uint32_t crc, const uint8_t *bytes, size_t len)
{
	/* Four bits a step: entry n is n run through the reflected polynomial 0xEDB88320. */
	static const uint32_t table[16] = {
	        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
	        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
	        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
	};

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}
#endif

/* Check sums of our wires and flash records. Small tables: the terminal has 64 KB of flash. */
#ifndef LIBS_BASE_CRC_H
#define LIBS_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-16/MODBUS: reflected polynomial 0xA001, start 0xFFFF; sent low byte first.
 * "123456789" gives 0x4B37. */
uint16_t crc16_modbus(const uint8_t *bytes, size_t len);

/* CRC-32 of IEEE 802.3 (zip, Ethernet). Begin with 0 and pass the last result to continue:
 * "123456789" gives 0xCBF43926. */
uint32_t crc32_ieee(uint32_t crc, const uint8_t *bytes, size_t len);
#endif

#include "sim/emu/backup.h"

#include <string.h>

enum {
	PWR_CR = 0x00,
	RTC_CRH = 0x00,
	RTC_CRL = 0x04,
	RTC_PRLH = 0x08,
	RTC_PRLL = 0x0C,
	RTC_DIVH = 0x10,
	RTC_DIVL = 0x14,
	RTC_CNTH = 0x18,
	RTC_CNTL = 0x1C,
	RTC_ALRH = 0x20,
	RTC_ALRL = 0x24,
};

#define PWR_DBP    UINT32_C(0x100)
#define CRL_SECF   UINT32_C(0x01)
#define CRL_ALRF   UINT32_C(0x02)
#define CRL_RSF    UINT32_C(0x08)
#define CRL_CNF    UINT32_C(0x10)
#define CRL_RTOFF  UINT32_C(0x20)
#define BDCR_RTCEN (UINT32_C(1) << 15)

void backup_reset(struct backup *b, struct chip *chip, const struct rcc *rcc)
{
	b->chip = chip;
	b->rcc = rcc;
	b->pwr_cr = 0;
	b->crh = 0;
	b->crl &= ~(CRL_CNF | CRL_RSF);
}

void backup_clear(struct backup *b)
{
	memset(b->data, 0, sizeof b->data);
	b->prescaler = UINT32_C(0x8000);
	b->alarm = UINT32_MAX;
	b->crl = 0;
	b->ticks = 0;
	b->set_base = 0;
	b->counted_at = b->chip->now;
}

bool backup_writable(const struct backup *b)
{
	return b->pwr_cr & PWR_DBP;
}

uint32_t backup_pwr_read(const struct backup *b, uint32_t offset)
{
	return offset == PWR_CR ? b->pwr_cr : 0;
}

void backup_pwr_write(struct backup *b, uint32_t offset, uint32_t value)
{
	if (offset == PWR_CR)
		b->pwr_cr = value & UINT32_C(0x1FF);
}

uint32_t backup_bkp_read(const struct backup *b, uint32_t offset)
{
	return offset >= 4 && offset <= 4U * BACKUP_REGISTERS ? b->data[offset / 4 - 1] : 0;
}

void backup_bkp_write(struct backup *b, uint32_t offset, uint32_t value)
{
	if (backup_writable(b) && offset >= 4 && offset <= 4U * BACKUP_REGISTERS)
		b->data[offset / 4 - 1] = (uint16_t)value;
}

static uint32_t rtc_hz(const struct backup *b)
{
	if (!(b->rcc->bdcr & BDCR_RTCEN))
		return 0;
	switch (b->rcc->bdcr >> 8 & 3U) {
	case 1:
		return rcc_lse_ready(b->rcc) ? RCC_LSE_HZ : 0;
	case 2:
		return RCC_LSI_HZ;
	case 3:
		return RCC_HSE_HZ / 128;
	default:
		return 0;
	}
}

static uint32_t count(const struct backup *b)
{
	return b->set_base + (uint32_t)(b->ticks / (b->prescaler + 1));
}

/* Brings the counter up to now; whole ticks only, the rest stays for the next call. */
static void catch_up(struct backup *b)
{
	uint32_t hz = rtc_hz(b);
	uint32_t before = count(b);
	uint64_t ticks;

	if (!hz) {
		b->counted_at = b->chip->now;
		return;
	}
	ticks = (b->chip->now - b->counted_at) * hz / VTIME_PER_S;
	b->counted_at += vtime_of_cycles(ticks, hz);
	b->ticks += ticks;
	if (count(b) != before)
		b->crl |= CRL_SECF;
	if (b->alarm - before < count(b) - before)
		b->crl |= CRL_ALRF;
}

static void update_line(struct backup *b)
{
	nvic_line(&b->chip->nvic, IRQ_RTC, (b->crh & b->crl & (CRL_SECF | CRL_ALRF)) != 0);
}

uint32_t backup_rtc_read(struct backup *b, uint32_t offset)
{
	uint32_t left;

	catch_up(b);
	left = b->prescaler - (uint32_t)(b->ticks % (b->prescaler + 1));
	switch (offset) {
	case RTC_CRH:
		return b->crh;
	case RTC_CRL:
		return b->crl | CRL_RTOFF | (rtc_hz(b) ? CRL_RSF : 0);
	case RTC_DIVH:
		return left >> 16;
	case RTC_DIVL:
		return left & UINT32_C(0xFFFF);
	case RTC_CNTH:
		return count(b) >> 16;
	case RTC_CNTL:
		return count(b) & UINT32_C(0xFFFF);
	default:
		return 0; /* PRL and ALR are write-only */
	}
}

static uint32_t half(uint32_t old, uint32_t value, bool high)
{
	return high ? (old & UINT32_C(0xFFFF)) | value << 16
	            : (old & UINT32_C(0xFFFF0000)) | (value & UINT32_C(0xFFFF));
}

static void count_set(struct backup *b, uint32_t value)
{
	b->ticks %= (uint64_t)b->prescaler + 1;
	b->set_base = value;
}

/* CNT, PRL and ALR only in configuration mode (RM0008 §18.3.4). */
static void config_write(struct backup *b, uint32_t offset, uint32_t value)
{
	if (offset == RTC_PRLH || offset == RTC_PRLL) {
		count_set(b, count(b));
		b->prescaler = half(b->prescaler, value, offset == RTC_PRLH) & UINT32_C(0xFFFFF);
	} else if (offset == RTC_CNTH || offset == RTC_CNTL) {
		count_set(b, half(count(b), value, offset == RTC_CNTH));
	} else if (offset == RTC_ALRH || offset == RTC_ALRL) {
		b->alarm = half(b->alarm, value, offset == RTC_ALRH);
	}
}

void backup_rtc_write(struct backup *b, uint32_t offset, uint32_t value)
{
	catch_up(b);
	if (offset == RTC_CRH)
		b->crh = value & 7U;
	else if (!backup_writable(b))
		return;
	else if (offset == RTC_CRL)
		b->crl = (b->crl & value & 0xFU) | (value & CRL_CNF);
	else if (b->crl & CRL_CNF)
		config_write(b, offset, value);
	update_line(b);
	b->chip->reschedule = true;
}

vtime backup_next(struct backup *b)
{
	uint32_t hz = rtc_hz(b);
	uint64_t to_go = (uint64_t)b->prescaler + 1 - b->ticks % ((uint64_t)b->prescaler + 1);

	/* Only a wanted interrupt needs an event; reads catch up by themselves. */
	if (!hz || !(b->crh & (CRL_SECF | CRL_ALRF)))
		return VTIME_NEVER;
	return b->counted_at + vtime_of_cycles(to_go, hz) + 1;
}

void backup_run(struct backup *b)
{
	if (b->chip->now < backup_next(b))
		return;
	catch_up(b);
	update_line(b);
}

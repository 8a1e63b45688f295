"""The calendar's feed and the reminders of elections (日历订阅、换届提醒)."""

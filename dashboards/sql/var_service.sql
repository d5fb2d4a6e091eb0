SELECT name AS service FROM services_current ORDER BY service LIMIT 5000
